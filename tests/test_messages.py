"""Anthropic's dialect in front of every kind of backend: events, whole messages, errors, tokens, and who is augmented."""
import json

import pytest
from support.models import KINDS, SERVER, fresh, gone
from support.server import Promethean, wait_for
from support.sse import PLAIN, ChatStream
from support.upstream import WORDS

PATH = "/v1/messages"
BEHAVIOURS = ["normal", "echo", "tools", "two-tools", "reasoning", "long", "cut", "stall", "short", "error", "error-first", "normal-utf8",
              "status-400", "status-401", "status-404", "status-429", "status-500", "status-503", "slow", "gate", "agent"]
TOOLS = [{"name": "look", "description": "Looks there.", "input_schema": {"type": "object", "properties": {"at": {"type": "integer"}}}},
         {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}]
SHOWN = '{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}'


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER + 'unknown_model = "default"\n'
    for kind in KINDS:
        for behaviour in BEHAVIOURS:
            config += upstream.model_table(f"{behaviour}-{kind}", backend=kind, upstream=f"{behaviour}:messages-{kind}", retries=0)
        config += upstream.model_table(f"cited-{kind}", backend=kind, upstream=f"echo:cited-{kind}", retrieval=True, context=0)
    config += gone("away")
    with Promethean(tmp_path_factory.mktemp("messages"), pathspec_copy, config) as running:
        yield running


def asking(model, content="How many?", **more):
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": content}], **more}


def whole(server, body, path=PATH, **options):
    status, headers, raw = server.post(path, body, **options)
    return status, headers, json.loads(raw)


def message(server, body, **options):
    status, _, answer = whole(server, body, **options)
    assert status == 200, answer
    return answer


def streamed(server, body, **options):
    stream = ChatStream(server, body, path=PATH, **options).read()
    assert stream.status == 200
    return stream


def put_together(events):
    """The message that the events say, as an SDK does it; fails when they come in a wrong order."""
    first, *rest = [event for event in events if event["type"] != "ping"]
    assert first["type"] == "message_start"
    answer, inputs, opened = first["message"], {}, None
    for event in rest:
        kind, index = event["type"], event.get("index")
        if kind == "content_block_start":
            assert opened is None and index == len(answer["content"])
            answer["content"].append(event["content_block"])
            opened = index
        elif kind == "content_block_delta":
            assert index == opened
            block, delta = answer["content"][index], event["delta"]
            if delta["type"] == "input_json_delta":
                inputs[index] = inputs.get(index, "") + delta["partial_json"]
            else:
                key = {"text_delta": "text", "thinking_delta": "thinking"}[delta["type"]]
                block[key] += delta[key]
        elif kind == "content_block_stop":
            assert index == opened
            opened = None
            if index in inputs:
                answer["content"][index]["input"] = json.loads(inputs[index])
        elif kind == "message_delta":
            assert opened is None
            answer.update(event["delta"])
            answer["usage"].update(event["usage"])
        else:
            assert kind == "message_stop" and event is rest[-1]
    assert rest[-1]["type"] == "message_stop"
    return answer


def without_ids(answer):
    blocks = [{key: value for key, value in block.items() if key != "id"} for block in answer["content"]]
    return {**answer, "id": "", "content": blocks}


# ---- answers ----

TEXT = [{"type": "text", "text": "".join(WORDS)}]
EXPECTED = {
    "normal": (TEXT, "end_turn"),
    "long": (TEXT, "max_tokens"),
    "reasoning": ([{"type": "thinking", "thinking": "Six times seven.", "signature": ""}, *TEXT], "end_turn"),
    "tools": ([{"type": "tool_use", "name": "look", "input": {"at": 1}}], "tool_use"),
    "two-tools": ([{"type": "tool_use", "name": "look", "input": {"at": 1}},
                   {"type": "tool_use", "name": "list", "input": {"of": "src/größe"}}], "tool_use"),
    "normal-utf8": ([{"type": "text", "text": "Grüße aus 東京, ça va 🙂."}], "end_turn"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behaviour", EXPECTED)
def test_an_answer_says_the_same_whole_and_streamed(server, kind, behaviour):
    body = asking(f"{behaviour}-{kind}", tools=TOOLS)
    answer = message(server, body)
    content, reason = EXPECTED[behaviour]

    assert without_ids(answer)["content"] == content
    assert answer["stop_reason"] == reason
    assert answer["id"].startswith("msg_")
    assert (answer["type"], answer["role"], answer["model"], answer["stop_sequence"]) == ("message", "assistant", body["model"], None)
    ids = [block["id"] for block in answer["content"] if block["type"] == "tool_use"]
    assert all(ids) and len(set(ids)) == len(ids)
    assert without_ids(put_together(streamed(server, body).events)) == without_ids(answer)


@pytest.mark.parametrize("kind", KINDS)
def test_usage_leaves_out_what_was_cached(server, kind):
    usage = message(server, asking(f"normal-{kind}"))["usage"]

    cached = 0 if kind == "ollama" else 3
    assert usage["input_tokens"] + usage["cache_read_input_tokens"] == 11
    assert usage["cache_read_input_tokens"] == cached
    assert usage["cache_creation_input_tokens"] == 0
    assert usage["output_tokens"] == 5


def test_each_event_stands_under_its_name(server):
    _, headers, raw = server.post(PATH, asking("normal-openai", stream=True))

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["request-id"] == headers["x-request-id"]
    events = [block.split("\n") for block in raw.decode().strip().split("\n\n")]
    for name, data in events:
        assert name == "event: " + json.loads(data.removeprefix("data: "))["type"]
    assert [name.removeprefix("event: ") for name, _ in events] == [
        "message_start", "content_block_start", *["content_block_delta"] * len(WORDS), "content_block_stop", "message_delta", "message_stop"]


def test_words_come_one_by_one(server, upstream):
    before = upstream.of("slow:messages-openai").left
    stream = ChatStream(server, asking("slow-openai"), path=PATH)
    seen = 0
    for event in stream:
        seen += event["type"] == "content_block_delta"
        if seen == 3:
            break
    stream.close()

    wait_for(lambda: upstream.of("slow:messages-openai").left > before, 10, "the upstream to see the client leave")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_reaches_the_model(server, kind):
    content = [{"type": "text", "text": "<system-reminder>\nnoise\n</system-reminder>"}, {"type": "text", "text": "Say it.", "cache_control": {"type": "ephemeral"}}]
    system = [{"type": "text", "text": "x-anthropic-billing-header: cc_version=1;"}, {"type": "text", "text": "Be short."}]
    answer = message(server, asking(f"echo-{kind}", content, system=system))

    assert "Say it." in answer["content"][0]["text"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tool_loop(server, upstream, kind):
    body = asking(f"agent-{kind}", "What is in secret.txt?", thinking={"type": "enabled", "budget_tokens": 2048},
                  tools=[{"name": "Bash", "input_schema": {"type": "object"}}])
    first = message(server, body)
    text, call = first["content"]
    assert (text["text"], call["name"], call["input"]["command"]) == ("I look. ", "Bash", "cat secret.txt")
    body["messages"] += [{"role": "assistant", "content": first["content"]},
                         {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": [{"type": "text", "text": "xylophone"}]}]},
                         {"role": "system", "content": "# Environment"}]

    assert put_together(streamed(server, body).events)["content"] == [{"type": "text", "text": "It says: xylophone"}]
    if kind == "anthropic":  # which wants the signed thoughts back while calls are answered
        before, after = upstream.of(f"agent:messages-{kind}").requests[-2:]
        assert before["thinking"]["type"] == "enabled" and "thinking" not in after


def test_an_image_that_a_tool_showed_reaches_the_model(server, upstream):
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [json.loads(SHOWN)]}
    body = asking("normal-openai", "look")
    body["messages"] += [{"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {}}]},
                         {"role": "user", "content": [result]}]
    message(server, body)

    sent = upstream.of("normal:messages-openai").requests[-1]["messages"]
    assert [one["role"] for one in sent] == ["user", "assistant", "tool", "user"]
    assert sent[-1]["content"][1]["image_url"]["url"] == "data:image/png;base64,iVBORw0KGgo="


def test_a_limit_beyond_the_models_context_limits_nothing(server, upstream):
    message(server, asking("normal-openai", max_tokens=128000))
    assert "max_tokens" not in upstream.of("normal:messages-openai").requests[-1]

    message(server, asking("normal-openai", max_tokens=512))
    assert upstream.of("normal:messages-openai").requests[-1]["max_tokens"] == 512


def test_a_name_that_is_not_known_gets_the_default(server):
    answer = message(server, asking("claude-sonnet-4-5"))

    assert answer["model"] == "normal-openai"


# ---- a model that is slow to begin ----

def test_pings_say_that_a_slow_model_is_at_work(start, upstream):
    name = fresh("gate")
    server = start(config=SERVER + upstream.model_table(name))
    stream = ChatStream(server, asking(name), path=PATH)
    assert stream.status == 200
    events = iter(stream)
    assert next(events) == {"type": "ping"}
    upstream.open_gate(name)
    rest = [event for event in events if event["type"] != "ping"]

    assert put_together(rest)["content"] == TEXT


def test_whoever_leaves_a_slow_model_ends_its_call(start, upstream):
    name = fresh("gate")
    server = start(config=SERVER + upstream.model_table(name))
    stream = ChatStream(server, asking(name), path=PATH)
    assert next(iter(stream)) == {"type": "ping"}
    stream.close()

    wait_for(lambda: upstream.of(name).left == 1, 10, "the upstream to see the client leave")
    assert server.is_well()


# ---- errors ----

@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("behaviour", "status", "error"), [
    ("status-400", 400, "invalid_request_error"),
    ("status-429", 429, "rate_limit_error"),
    ("status-500", 529, "overloaded_error"),
    ("status-503", 529, "overloaded_error"),
    ("error-first", 529, "overloaded_error"),
])
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_before_the_first_token_has_its_status(server, kind, behaviour, status, error, stream):
    got, headers, answer = whole(server, asking(f"{behaviour}-{kind}", stream=stream))

    assert (got, answer["type"], answer["error"]["type"]) == (status, "error", error)
    assert answer["error"]["message"]
    assert answer["request_id"] == headers["request-id"] == headers["x-request-id"]
    assert ("retry-after" in headers) == (status in (429, 529))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behaviour", ["cut", "short", "error"])
def test_a_broken_answer_ends_with_an_error_event(server, kind, behaviour):
    stream = streamed(server, asking(f"{behaviour}-{kind}"))

    assert stream.cut
    last = stream.events[-1]
    assert last["type"] == "error" and last["error"]["type"] and last["error"]["message"] and last["request_id"]
    assert "message_stop" not in [event["type"] for event in stream.events]
    status, _, answer = whole(server, asking(f"{behaviour}-{kind}"))
    assert (status, answer["error"]["type"]) == (529, "overloaded_error")


@pytest.mark.parametrize(("change", "field"), [
    ({"max_tokens": None}, "max_tokens"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "wizard", "content": "a"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, "messages[0].content[0].type"),
    ({"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": ""}}]}]},
     "messages[0].content[0].source"),
    ({"temperature": 3}, "temperature"),
    ({"tool_choice": {"type": "tool", "name": "absent"}}, "tool_choice.name"),
    ({"retrieval": {"enabled": "yes"}}, "retrieval.enabled"),
])
def test_wrong_fields_are_named(server, change, field):
    status, headers, answer = whole(server, {**asking("normal-openai"), **change})

    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert field in answer["error"]["message"]
    assert answer["request_id"] == headers["request-id"]


def test_a_prompt_over_the_context_is_said_in_words_that_clients_know(server):
    status, _, answer = whole(server, asking("normal-openai", "word " * 40_000))

    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert answer["error"]["message"].startswith("prompt is too long")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"messages": 1}'])
@pytest.mark.parametrize("path", [PATH, PATH + "/count_tokens"])
def test_bad_bodies_are_refused_in_the_same_shape(server, path, body):
    status, _, answer = whole(server, body, path, headers={"content-type": "application/json"})

    assert (status, answer["type"], answer["error"]["type"]) == (400, "error", "invalid_request_error")
    assert answer["request_id"]


# ---- who may ask, and whether anybody is there ----

def test_x_api_key_is_a_credential_and_stays_out_of_the_log(server):
    headers = {"x-api-key": server.token, "anthropic-version": "2031-01-01", "anthropic-beta": "claude-code-20250219,whatever"}
    assert message(server, asking("normal-openai"), token=False, headers=headers)["content"] == TEXT
    status, sent, answer = whole(server, asking("normal-openai"), token=False, headers={"x-api-key": "sk-ant-wrong"})

    assert (status, answer["error"]["type"]) == (401, "authentication_error")
    assert answer["request_id"] == sent["request-id"]
    assert "sk-ant-wrong" not in server.log() and server.token not in server.log()


@pytest.mark.parametrize("path", ["/", "/api/hello"])
def test_whoever_looks_whether_anybody_is_there_needs_no_credential(server, path):
    status, _, body = server.request("HEAD", path, token=False)
    assert (status, body) == (200, b"")
    status, _, body = server.get(path, token=False)
    assert status == 200 and b"Promethean" in body


# ---- counting ----

def test_count_tokens(server):
    def count(**more):
        body = {"model": "normal-openai", "messages": [{"role": "user", "content": "How many?"}], **more}
        status, headers, answer = whole(server, body, PATH + "/count_tokens")
        assert status == 200 and headers["request-id"]
        assert set(answer) == {"input_tokens"}
        return answer["input_tokens"]

    plain = count()
    assert 0 < plain < 20
    assert count(system="Be short.") > plain
    assert count(tools=TOOLS) > plain
    assert count(messages=[{"role": "user", "content": [json.loads(SHOWN), {"type": "text", "text": "How many?"}]}]) == plain + 1600


@pytest.mark.model
def test_the_local_models_tokens_are_counted_by_its_tokenizer(real):
    text = "Where is gitignore matching implemented?"
    status, _, raw = real.post(PATH + "/count_tokens", {"messages": [{"role": "user", "content": text}]})

    assert status == 200
    assert 5 < json.loads(raw)["input_tokens"] < len(text) / 3


# ---- retrieval ----

QUESTION = "Where is gitignore matching implemented?"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_persons_question_is_answered_with_citations(server, upstream, kind, stream):
    body = asking(f"cited-{kind}", QUESTION)
    answer = put_together(streamed(server, body).events) if stream else message(server, body)

    paths = [place["path"] for place in answer["retrieval_context"]["citations"]]
    assert any("gitignore" in path for path in paths)
    assert paths[0] in answer["content"][0]["text"], "the echo shows what reached the model"


def outcome():
    # Not asked before: the excerpts of an earlier question would be put back.
    return [{"role": "user", "content": "Where are patterns negated?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": QUESTION}, {"type": "text", "text": QUESTION}]}]


@pytest.mark.parametrize(("change", "headers"), [
    ({"retrieval": PLAIN}, {}),
    ({}, {"x-promethean-retrieval": "off"}),
    ({"messages": outcome()}, {}),
    ({"max_tokens": 1}, {}),
    ({"system": "Analyze if this message indicates a new conversation topic. If it does, extract a title."}, {}),
    ({"messages": [{"role": "user", "content": f"<system-reminder>{QUESTION}</system-reminder>"}]}, {}),
])
def test_without_a_persons_question_nothing_is_added(server, upstream, change, headers):
    answer = message(server, {**asking("cited-openai", QUESTION), **change}, headers=headers)

    assert "retrieval_context" not in answer
    assert "Excerpts from the repository" not in json.dumps(upstream.of("echo:cited-openai").requests[-1])


@pytest.mark.model
def test_the_real_model_answers_with_citations(real):
    answer = put_together(streamed(real, {"max_tokens": 300, "messages": [{"role": "user", "content": QUESTION}]}).events)

    paths = [place["path"] for place in answer["retrieval_context"]["citations"]]
    assert any("gitignore" in path for path in paths)
    assert any(path in answer["content"][0]["text"] for path in paths)
