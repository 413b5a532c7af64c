"""One chat dialect in front, three behind: what comes back to the client from each kind of backend."""
import json

import openai
import pytest
from support.models import KINDS, SERVER, chat
from support.server import Promethean
from support.sse import ChatStream, user
from support.upstream import WORDS
from support.upstream_script import LETTERS

ANSWER = "".join(WORDS)
USAGE = {"include_usage": True}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("look", "list")]
SAID = ["normal", "normal-utf8", "tools", "two-tools", "reasoning", "long", "limited", "stall"]


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    tables = [upstream.model_table(*[f"{name}:{kind}" for name in SAID], backend=kind, max_concurrency=64) for kind in KINDS]
    with Promethean(tmp_path_factory.mktemp("backends"), pathspec_copy, SERVER + "".join(tables)) as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def whole(server, model, **more):
    status, _, answer = chat(server, user("How many?", model=model, **more))
    assert status == 200, answer
    return answer, answer["choices"][0]


def streamed(server, model, **more):
    stream = ChatStream(server, user("How many?", model=model, **more)).read()
    assert stream.status == 200 and stream.done and not stream.error, (stream.status, stream.error)
    return stream


def deltas(stream):
    return [choice["delta"] for event in stream.events for choice in event["choices"]]


def calls_of(stream):
    """index -> (id, name, arguments), put together from the pieces as a client does it."""
    calls = {}
    for delta in deltas(stream):
        for piece in delta.get("tool_calls") or []:
            call = calls.setdefault(piece["index"], ["", "", ""])
            call[0] += piece.get("id") or ""
            call[1] += piece["function"].get("name") or ""
            call[2] += piece["function"].get("arguments") or ""
    return calls


def assert_usage(usage, kind):
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (11, 5, 16)
    if kind != "ollama":  # which does not say
        assert usage["prompt_tokens_details"]["cached_tokens"] == 3


# ---- text ----


def test_answers_in_one_piece(server, kind):
    answer, choice = whole(server, f"normal:{kind}")

    assert answer["object"] == "chat.completion"
    assert answer["model"] == f"normal:{kind}"
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == ANSWER
    assert choice["finish_reason"] == "stop"
    assert not choice["message"].get("tool_calls")
    assert_usage(answer["usage"], kind)


def test_answers_as_a_stream(server, kind):
    stream = streamed(server, f"normal:{kind}")

    assert stream.text == ANSWER
    assert stream.finish_reason == "stop"
    assert len({event["id"] for event in stream.events}) == 1
    assert {event["model"] for event in stream.events} == {f"normal:{kind}"}
    assert {event["object"] for event in stream.events} == {"chat.completion.chunk"}
    assert [delta["role"] for delta in deltas(stream) if "role" in delta] == ["assistant"]
    assert not [event for event in stream.events if event.get("usage")], "usage that nobody asked for"


def test_reports_usage_in_a_last_chunk_when_asked(server, kind):
    stream = streamed(server, f"normal:{kind}", stream_options=USAGE)

    with_usage = [event for event in stream.events if event.get("usage")]
    assert len(with_usage) == 1 and with_usage[0]["choices"] == []
    assert_usage(with_usage[0]["usage"], kind)


def test_passes_each_word_on_while_the_model_still_speaks(server, kind):
    stream = ChatStream(server, user("hello", model=f"stall:{kind}"))
    for _ in stream:
        if stream.text == "The answer ":
            break
    assert stream.text == "The answer "
    stream.close()


def test_letters_that_packets_cut_in_two_arrive_whole(server, kind):
    assert streamed(server, f"normal-utf8:{kind}").text == "".join(LETTERS)
    assert whole(server, f"normal-utf8:{kind}")[1]["message"]["content"] == "".join(LETTERS)


def test_the_limit_of_tokens_is_the_finish_reason_length(server, kind):
    assert streamed(server, f"long:{kind}").finish_reason == "length"
    assert whole(server, f"long:{kind}")[1]["finish_reason"] == "length"


def test_a_notice_that_no_request_is_left_does_not_spoil_the_answer(server, kind):
    assert whole(server, f"limited:{kind}")[1]["message"]["content"] == ANSWER


# ---- reasoning ----


def test_reasoning_is_apart_from_the_answer(server, kind):
    message = whole(server, f"reasoning:{kind}")[1]["message"]

    assert message["reasoning_content"] == "Six times seven."
    assert message["content"] == ANSWER


def test_reasoning_is_streamed_before_the_answer(server, kind):
    stream = streamed(server, f"reasoning:{kind}")

    thoughts = [delta["reasoning_content"] for delta in deltas(stream) if delta.get("reasoning_content")]
    assert "".join(thoughts) == "Six times seven." and len(thoughts) > 1
    assert stream.text == ANSWER
    order = ["thought" if delta.get("reasoning_content") else "word" for delta in deltas(stream) if delta.get("reasoning_content") or delta.get("content")]
    assert order == sorted(order), "a thought after the first word"


# ---- tool calls ----


def test_a_tool_call_in_one_piece(server, kind):
    _, choice = whole(server, f"tools:{kind}", tools=TOOLS)

    assert choice["finish_reason"] == "tool_calls"
    [call] = choice["message"]["tool_calls"]
    assert call["id"] and call["type"] == "function"
    assert call["function"]["name"] == "look"
    assert json.loads(call["function"]["arguments"]) == {"at": 1}
    assert choice["message"]["content"] in (None, "")


def test_a_streamed_tool_call(server, kind):
    stream = streamed(server, f"tools:{kind}", tools=TOOLS)

    pieces = [piece for delta in deltas(stream) for piece in delta.get("tool_calls") or []]
    assert pieces[0]["id"] and pieces[0]["type"] == "function" and pieces[0]["function"]["name"] == "look"
    assert not any(piece.get("id") or piece["function"].get("name") for piece in pieces[1:])
    assert json.loads(calls_of(stream)[0][2]) == {"at": 1}
    assert stream.finish_reason == "tool_calls"


def test_parallel_calls_keep_apart(server, kind):
    calls = calls_of(streamed(server, f"two-tools:{kind}", tools=TOOLS))
    assert sorted(calls) == [0, 1]
    assert [(name, json.loads(text)) for _, name, text in calls.values()] == [("look", {"at": 1}), ("list", {"of": "src/größe"})]
    assert len({id for id, _, _ in calls.values()}) == 2

    together = whole(server, f"two-tools:{kind}", tools=TOOLS)[1]["message"]["tool_calls"]
    assert [call["function"]["name"] for call in together] == ["look", "list"]
    assert len({call["id"] for call in together}) == 2


def test_ids_of_calls_do_not_repeat_in_a_conversation(server):
    """Ollama gives none, so they are made here; a client tells results apart by them."""
    ids = [whole(server, "tools:ollama", tools=TOOLS)[1]["message"]["tool_calls"][0]["id"] for _ in range(3)]
    assert len(set(ids)) == 3


# ---- the official client, against each ----


def test_the_sdk_streams_text_and_calls(server, kind):
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.token, max_retries=0)
    messages = [{"role": "user", "content": "How many?"}]
    with client.chat.completions.stream(model=f"normal:{kind}", messages=messages) as stream:
        assert stream.get_final_completion().choices[0].message.content == ANSWER
    with client.chat.completions.stream(model=f"two-tools:{kind}", messages=messages, tools=TOOLS) as stream:
        calls = stream.get_final_completion().choices[0].message.tool_calls
    assert [json.loads(call.function.arguments) for call in calls] == [{"at": 1}, {"of": "src/größe"}]
