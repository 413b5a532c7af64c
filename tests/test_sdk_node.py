"""The official OpenAI SDK for Node (tests/node/chat.mjs), against the scripted and the real model."""
import pytest
from support.node import node as run
from support.server import wait_for


def node(server, case, model="normal", key=None, **environment):
    return run("chat.mjs", case, BASE_URL=server.url + "/v1", API_KEY=key or server.token, MODEL=model, **environment)


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


@pytest.mark.model
def test_the_real_model_streams_a_cited_answer(real):
    model = real.get_json("/v1/models")["data"][0]["id"]
    seen = node(real, "streamed", model, QUESTION="Where is gitignore matching implemented?")

    paths = [place["path"] for place in seen["citations"]]
    assert any("gitignore" in path for path in paths)
    assert any(path in seen["text"] for path in paths)
