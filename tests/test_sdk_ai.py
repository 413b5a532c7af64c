"""The AI SDK (tests/node/ai_sdk.mjs) with its provider for OpenAI-compatible servers, against the scripted upstream."""
import pytest
from support.models import KINDS, SERVER
from support.node import node
from support.server import Promethean


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for kind in KINDS:
        config += upstream.model_table(f"looks-{kind}", backend=kind, upstream=f"normal:ai-{kind}")
    config += upstream.model_table("normal", "cut", "status-429", retries=0)
    with Promethean(tmp_path_factory.mktemp("ai"), pathspec_copy, config) as running:
        yield running


def ask(server, case, model):
    return node("ai_sdk.mjs", case, BASE_URL=server.url + "/v1", API_KEY=server.token, MODEL=model)


def test_a_whole_answer(server):
    seen = ask(server, "whole", "normal")

    assert (seen["text"], seen["finishReason"]) == ("The answer is forty-two.", "stop")
    assert seen["usage"]["totalTokens"] == 16


@pytest.mark.parametrize("kind", KINDS)
def test_a_streamed_tool_loop(server, upstream, kind):
    upstream.script(f"normal:ai-{kind}", ("look", {"at": 7}), ("look", {"at": 8}), "Seen twice.")
    record = upstream.of(f"normal:ai-{kind}")
    record.calls.clear()
    seen = ask(server, "loop", f"looks-{kind}")

    assert (seen["text"], seen["ran"], seen["steps"], seen["error"]) == ("Seen twice.", [{"at": 7}, {"at": 8}], 3, None), seen
    assert {"tool-input-delta", "tool-call", "tool-result", "text-delta", "finish"} <= set(seen["types"])
    assert seen["usage"]["totalTokens"] == 3 * 16
    assert len(record.calls) == 3 and "seen at 8" in str(record.requests[-1]["messages"][-1])


def test_a_broken_stream_is_an_error(server):
    seen = ask(server, "broken", "cut")

    assert "in the middle of its answer" in seen["error"] and "finish" not in seen["types"], seen


def test_an_error_has_its_status(server):
    seen = ask(server, "whole", "status-429")

    assert (seen["error"], seen["status"]) == ("AI_APICallError", 429)
