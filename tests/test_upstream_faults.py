"""What a client sees when the model behind the server misbehaves. Never a clean end of a broken answer."""
import json

import openai
import pytest
from support.server import wait_for
from support.sse import ChatStream, user
from support.wire import Wire, post

CHAT = "/v1/chat/completions"


def ask(server, model, **more):
    status, headers, raw = server.post(CHAT, user("hello", model=model, **more))
    return status, headers, json.loads(raw)


def assert_error_shape(answer):
    error = answer["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    assert error["message"]
    return error


@pytest.mark.parametrize("model", ["cut", "malformed", "short", "error"])
def test_a_stream_that_breaks_ends_with_an_error_event(scripted, model):
    stream = ChatStream(scripted, user("hello", model=model)).read()

    assert stream.text == "The answer "
    assert stream.error and stream.error["message"]
    assert not stream.done, "[DONE] after an error would look like a whole answer"
    assert stream.finish_reason is None
    assert scripted.is_well()


def test_the_sdk_raises_for_a_stream_that_breaks(scripted):
    client = openai.OpenAI(base_url=scripted.url + "/v1", api_key=scripted.token, max_retries=0)
    stream = client.chat.completions.create(model="cut", messages=[{"role": "user", "content": "hello"}], stream=True)
    with pytest.raises(openai.APIError):
        for _ in stream:
            pass


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "allowed"), [
    ("status-400", {400, 502}),
    ("status-401", {502, 503}),  # our key is wrong, not the client's
    ("status-404", {404, 502, 503}),
    ("status-429", {429}),
    ("status-500", {502, 503}),
    ("status-503", {502, 503}),
])
def test_an_upstreams_error_status_is_translated(scripted, model, allowed, stream):
    status, headers, answer = ask(scripted, model, stream=stream)

    assert status in allowed
    assert_error_shape(answer)
    if status in (429, 503):
        assert int(headers["retry-after"]) >= 1


@pytest.mark.parametrize("model", ["html", "empty"])
def test_an_answer_that_is_not_chat_is_an_error(scripted, model):
    status, _, answer = ask(scripted, model)
    assert status in (502, 503)
    assert_error_shape(answer)

    stream = ChatStream(scripted, user("hello", model=model))
    if stream.status == 200:  # its head was out before the upstream's body was seen
        stream.read()
        assert stream.error and not stream.done
    else:
        assert stream.status in (502, 503)
        stream.close()
    assert scripted.is_well()


def test_a_dead_upstream_is_unavailable(start):
    server = start(config='[server]\nembedded_model = false\n[[models]]\nname = "gone"\nbackend = "openai"\nurl = "http://127.0.0.1:9"\n')
    status, headers, raw = server.post(CHAT, user("hello", model="gone"))

    assert status in (502, 503)
    assert_error_shape(json.loads(raw))
    assert server.is_well()


def test_the_fallback_answers_when_the_first_model_is_away(start, upstream):
    config = (
        '[server]\nembedded_model = false\n'
        '[[models]]\nname = "first"\nbackend = "openai"\nurl = "http://127.0.0.1:9"\nretrieval = false\nfallback = ["normal"]\n'
        + upstream.model_table("normal")
    )
    server = start(config=config)
    status, _, raw = server.post(CHAT, user("hello", model="first"))

    assert status == 200, raw
    assert json.loads(raw)["choices"][0]["message"]["content"] == "The answer is forty-two."


@pytest.mark.parametrize("model", ["slow", "hang", "stall"])
def test_a_client_that_leaves_ends_the_upstream_call(scripted, upstream, model):
    before = upstream.left
    seen = len(upstream.requests)
    if model == "hang":  # no head will come: send the request by hand and leave
        with Wire(scripted) as wire:
            wire.send(post(scripted, CHAT, user("hello", model=model, stream=True)))
            wait_for(lambda: len(upstream.requests) > seen, what="the request upstream")
    else:
        stream = ChatStream(scripted, user("hello", model=model))
        for event in stream:
            if any(choice["delta"].get("content") for choice in event["choices"]):
                break
        stream.close()

    wait_for(lambda: upstream.left > before, 10, "the upstream to see the client leave")
    assert scripted.is_well()


def test_a_models_max_concurrency_holds(start, upstream):
    """The third request on a model that takes one at a time waits or is refused; it never runs beside the first."""
    server = start(config="[server]\nembedded_model = false\n" + upstream.model_table("slow", max_concurrency=1))
    already = len(upstream.requests)
    first = ChatStream(server, user("hello", model="slow"))
    reading = iter(first)  # kept: a generator that is dropped closes its stream
    next(reading)
    with Wire(server) as second:
        second.send(post(server, CHAT, user("hello", model="slow", stream=True)))
        assert server.is_well()
        assert len(upstream.requests) - already == 1
        first.close()
        wait_for(lambda: len(upstream.requests) - already == 2 or second.has_input(), what="the second request to run or be refused")
