"""The official OpenAI SDK for Node (tests/node/chat.mjs, openai.mjs), against the scripted and the real model."""
import json

import pytest
from support.models import SERVER
from support.node import node as run
from support.server import Promethean, wait_for


def node(server, case, model="normal", key=None, script="chat.mjs", **environment):
    return run(script, case, BASE_URL=server.url + "/v1", API_KEY=key or server.token, MODEL=model, **environment)


def test_chat(scripted):
    seen = node(scripted, "whole")

    assert seen["text"] == "The answer is forty-two."
    assert seen["reason"] == "stop"
    assert seen["usage"]["total_tokens"] == 16


def test_chat_streamed(scripted):
    seen = node(scripted, "streamed")

    assert seen["text"] == "The answer is forty-two."
    assert seen["chunks"] > 2
    assert seen["usage"]["total_tokens"] == 16


def test_models(scripted):
    assert "normal" in node(scripted, "models")["names"]


@pytest.mark.parametrize(("model", "error"), [
    ("absent", "NotFoundError"),
    ("status-429", "RateLimitError"),
    ("status-500", "InternalServerError"),
])
def test_error_classes(scripted, model, error):
    seen = node(scripted, "whole", model)

    assert seen["error"] == error
    assert seen["id"]


def test_a_wrong_key_is_an_authentication_error(scripted):
    assert node(scripted, "whole", key="wrong")["error"] == "AuthenticationError"


def test_a_broken_stream_is_thrown(scripted):
    seen = node(scripted, "streamed", "cut")

    assert seen.get("error") == "APIError", seen


def test_leaving_the_loop_ends_the_upstream_call(scripted, upstream):
    before = upstream.left
    assert node(scripted, "leave", "slow") == {"left": True}

    wait_for(lambda: upstream.left > before, 10, "the upstream to see the client leave")


# ---- beyond plain chats ----

WEIGHT = {"thing": "the stone", "stone": 7, "kind": "heavy"}


@pytest.fixture(scope="module")
def more(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for name in ("normal", "echo", "agent", "schema", "calls", "hang", "slow", "flaky-2", "status-400", "status-503"):
        config += upstream.model_table(name, upstream=f"{name}:node", retries=0)
    with Promethean(tmp_path_factory.mktemp("node"), pathspec_copy, config) as running:
        yield running


def beyond(server, case, model="normal", **environment):
    return node(server, case, model, script="openai.mjs", **{key: str(value) for key, value in environment.items()})


def test_a_loop_of_tools_runs_by_itself(more):
    seen = beyond(more, "run_tools", "agent")

    assert seen["text"] == "It says: swordfish"
    assert seen["calls"] == [{"command": "cat secret.txt", "description": "Read the file"}]
    assert seen["roles"] == ["user", "assistant", "tool", "assistant"]


def test_a_loop_of_tools_runs_streamed(more):
    seen = beyond(more, "run_tools_streamed", "agent")

    assert seen["text"] == "It says: swordfish" and seen["named"] == ["Bash"] and len(seen["calls"]) == 1
    assert seen["content"] == "I look. It says: swordfish"


def test_an_answer_is_parsed_by_its_schema(more, upstream):
    upstream.script("schema:node", json.dumps(WEIGHT))

    assert beyond(more, "parsed_answer", "schema")["parsed"] == WEIGHT
    asked = upstream.of("schema:node").requests[-1]["response_format"]["json_schema"]
    assert asked["name"] == "weight" and asked["strict"] is True and set(asked["schema"]["properties"]) == set(WEIGHT)
    assert beyond(more, "responses_parsed", "schema")["parsed"] == WEIGHT


@pytest.mark.parametrize("case", ["parsed_call", "streamed_call"])
def test_a_call_is_parsed_by_its_schema(more, upstream, case):
    upstream.script("calls:node", ("go", {"city": "Oslo", "days": 3}))
    seen = beyond(more, case, "calls")

    assert seen["calls"] == [["go", {"city": "Oslo", "days": 3}]] and seen["reason"] == "tool_calls"


def test_responses_are_kept_and_found_again(more):
    seen = beyond(more, "responses", "echo")

    assert (seen["text"], seen["kept"], seen["previous"]) == ("hello", "hello", True)
    assert seen["metadata"] == {"team": "one"} and seen["gone"] == "NotFoundError" and "again" in seen["items"]


def test_responses_are_streamed(more):
    seen = beyond(more, "responses_streamed")

    assert seen["text"] == seen["whole"] == "The answer is forty-two." and seen["usage"]["total_tokens"] == 16


def test_responses_call_tools(more, upstream):
    upstream.script("calls:node", ("go", {"city": "Oslo", "days": 3}))
    seen = beyond(more, "responses_tool", "calls")

    assert (seen["name"], seen["parsed"], seen["status"]) == ("go", {"city": "Oslo", "days": 3}, "completed")


def test_prompts_are_completed(more):
    seen = beyond(more, "completions", "echo")

    assert seen["texts"] == ["one", "two"] and seen["text"] == "one" and seen["usage"]["total_tokens"] == 32


def test_texts_are_embedded(more):
    seen = beyond(more, "embeddings")

    assert seen["same"] is True and seen["sizes"] == [4, 4] and seen["usage"]["total_tokens"] == 6


def test_one_model_is_found(more):
    assert beyond(more, "models") == {"id": "normal", "object": "model", "gone": "NotFoundError"}


def test_an_answer_says_which_request_it_is_of(more):
    seen = beyond(more, "whole")

    assert seen["status"] == 200 and seen["id"] and seen["id"] == seen["header"]


@pytest.mark.parametrize(("model", "change", "error"), [
    ("status-400", {}, "BadRequestError"), ("status-503", {}, "InternalServerError"), ("absent", {}, "NotFoundError"),
    ("normal", {"temperature": 9}, "BadRequestError"), ("hang", {"TIMEOUT": 500}, "APIConnectionTimeoutError"),
])
def test_more_error_classes(more, model, change, error):
    timeout = {"TIMEOUT": change.pop("TIMEOUT")} if "TIMEOUT" in change else {}
    seen = beyond(more, "whole", model, MORE=json.dumps(change), **timeout)

    assert seen["error"] == error, seen
    if change:
        assert seen["param"] == "temperature"


def test_the_sdk_tries_again(more, upstream):
    assert beyond(more, "whole", "flaky-2", RETRIES=2)["text"] == "The answer is forty-two."
    assert len(upstream.of("flaky-2:node").calls) == 3


def test_an_aborted_stream_ends_the_upstream_call(more, upstream):
    assert beyond(more, "aborted", "slow").get("aborted", True)
    wait_for(lambda: upstream.of("slow:node").left == 1, 10, "the upstream to see the client leave")


@pytest.mark.model
def test_the_real_model_keeps_to_the_schemas_of_the_sdk(real):
    model = real.get_json("/v1/models")["data"][0]["id"]
    weight = beyond(real, "parsed_answer", model, QUESTION="How heavy is a stone?")["parsed"]
    assert set(weight) == set(WEIGHT) and weight["kind"] in ("light", "heavy") and 0 <= weight["stone"] <= 99
    for case in ("parsed_call", "streamed_call"):
        [[name, place]] = beyond(real, case, model, QUESTION="Go to Oslo for three days.")["calls"]
        assert name == "go" and 1 <= place["days"] <= 7 and place["city"]
    assert beyond(real, "responses_tool", model)["name"] == "go"


@pytest.mark.model
def test_the_real_model_streams_a_cited_answer(real):
    model = real.get_json("/v1/models")["data"][0]["id"]
    seen = node(real, "streamed", model, QUESTION="Where is gitignore matching implemented?")

    paths = [place["path"] for place in seen["citations"]]
    assert any("gitignore" in path for path in paths)
    assert any(path in seen["text"] for path in paths)
