"""The OpenAI chat dialect on the wire, against a scripted model."""
import json

import pytest
from support.sse import ChatStream, user
from support.upstream import WORDS

ANSWER = "".join(WORDS)


def chat(server, body, **options):
    status, headers, raw = server.post("/v1/chat/completions", body, **options)
    return status, headers, json.loads(raw)


def test_answers_in_one_piece(scripted):
    status, headers, answer = chat(scripted, user("How many?", model="normal"))

    assert status == 200
    assert headers["content-type"].startswith("application/json")
    assert headers["x-request-id"]
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "normal"
    assert answer["id"] and isinstance(answer["created"], int)
    choice = answer["choices"][0]
    assert choice["index"] == 0
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == ANSWER
    assert choice["finish_reason"] == "stop"
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]


def test_answers_as_a_stream(scripted):
    stream = ChatStream(scripted, user("How many?", model="normal"))
    assert stream.status == 200
    assert stream.response.getheader("content-type").startswith("text/event-stream")
    assert stream.response.getheader("cache-control") in ("no-store", "no-cache")
    stream.read()

    assert stream.done and not stream.error and not stream.cut
    assert stream.text == ANSWER
    assert stream.finish_reason == "stop"
    assert len({event["id"] for event in stream.events}) == 1
    assert {event["object"] for event in stream.events} == {"chat.completion.chunk"}
    assert {event["model"] for event in stream.events} == {"normal"}
    first = next(event for event in stream.events if event["choices"])
    assert first["choices"][0]["delta"].get("role") == "assistant"


def test_reports_usage_in_a_last_chunk_when_asked(scripted):
    stream = ChatStream(scripted, user("How many?", model="normal", stream_options={"include_usage": True})).read()

    with_usage = [event for event in stream.events if event.get("usage")]
    assert len(with_usage) == 1
    assert with_usage[0]["choices"] == []
    assert with_usage[0]["usage"]["total_tokens"] > 0
    assert stream.done


def test_sends_no_usage_unasked(scripted):
    stream = ChatStream(scripted, user("How many?", model="normal")).read()

    assert not [event for event in stream.events if event.get("usage")]


def test_passes_the_conversation_on_unchanged_without_retrieval(scripted, upstream):
    messages = [
        {"role": "system", "content": "Answer in rhyme. – ünïcödé 🙂"},
        {"role": "user", "content": "First."},
        {"role": "assistant", "content": "A verse."},
        {"role": "user", "content": [{"type": "text", "text": "Second"}, {"type": "text", "text": " part."}]},
    ]
    status, _, answer = chat(scripted, {"model": "echo", "messages": messages, "temperature": 0.25, "max_tokens": 17, "stop": ["END"]})

    assert status == 200
    assert answer["choices"][0]["message"]["content"] == "Second part."
    seen = upstream.requests[-1]
    assert seen["messages"][:3] == messages[:3]
    assert seen["model"] == "echo"
    assert seen["temperature"] == 0.25
    assert 17 in (seen.get("max_tokens"), seen.get("max_completion_tokens"))
    assert seen["stop"] == ["END"]


def test_never_hands_the_callers_token_to_the_model(scripted, upstream):
    chat(scripted, user("hello", model="normal"))

    assert scripted.token not in json.dumps(upstream.headers[-1])
    assert scripted.token not in json.dumps(upstream.requests[-1])


def test_passes_tool_calls_through(scripted, upstream):
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}}}]
    status, _, answer = chat(scripted, user("look", model="tools", tools=tools))
    assert status == 200
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    call = answer["choices"][0]["message"]["tool_calls"][0]
    assert (call["id"], call["type"], call["function"]["name"]) == ("call_1", "function", "look")
    assert json.loads(call["function"]["arguments"]) == {"at": 1}
    assert upstream.requests[-1]["tools"] == tools

    stream = ChatStream(scripted, user("look", model="tools", tools=tools)).read()
    pieces = [piece for event in stream.events for choice in event["choices"] for piece in choice["delta"].get("tool_calls", [])]
    assert pieces[0]["id"] == "call_1"
    assert json.loads("".join(piece["function"].get("arguments", "") for piece in pieces)) == {"at": 1}
    assert stream.finish_reason == "tool_calls"


def test_the_default_model_answers_when_none_is_named(scripted):
    status, _, answer = chat(scripted, user("How many?"))

    assert status == 200
    assert answer["model"] == "normal"


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_not_found(scripted, stream):
    status, headers, answer = chat(scripted, user("hello", model="gpt-99", stream=stream))

    assert status == 404
    assert headers["content-type"].startswith("application/json")
    assert answer["error"]["code"] == "model_not_found"
    assert "gpt-99" in answer["error"]["message"]


def test_lists_the_models(scripted):
    listing = scripted.get_json("/v1/models")

    assert listing["object"] == "list"
    names = [model["id"] for model in listing["data"]]
    assert names[0] == "normal" and len(set(names)) == len(names)
    for model in listing["data"]:
        assert model["object"] == "model"
        assert isinstance(model["created"], int)
        assert model["owned_by"]


def test_shows_one_model_and_none_that_is_not_there(scripted):
    assert scripted.get_json("/v1/models/echo")["id"] == "echo"

    status, _, body = scripted.get("/v1/models/absent")
    assert status == 404
    assert json.loads(body)["error"]["code"] == "model_not_found"


def test_request_ids_are_unique_and_a_clients_own_is_kept_if_it_is_sound(scripted):
    ids = {scripted.get("/health")[1]["x-request-id"] for _ in range(20)}
    assert len(ids) == 20

    assert scripted.get("/health", headers={"x-request-id": "trace-42.a_b"})[1]["x-request-id"] == "trace-42.a_b"
    odd = scripted.get("/health", headers={"x-request-id": "a b<script>" + "x" * 500})[1]["x-request-id"]
    assert "script" not in odd and len(odd) < 200


def test_many_streams_at_once_do_not_mix(scripted):
    texts = [f"text number {number} " * 5 for number in range(24)]
    streams = [ChatStream(scripted, user(text, model="echo")) for text in texts]

    assert [stream.read().text for stream in streams] == texts
    assert all(stream.done for stream in streams)
