"""The official Anthropic SDKs, for Python and for Node (tests/node/messages.mjs), against the scripted and the real model."""
import anthropic
import pytest
from support.models import SERVER
from support.node import node as run_node
from support.server import Promethean

QUESTION = [{"role": "user", "content": "How many?"}]
ANSWER = "The answer is forty-two."
BASH = {"name": "Bash", "description": "Runs a command.", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}}


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    behaviours = ["normal", "agent", "reasoning", "cut", "error", "status-400", "status-401", "status-404", "status-429", "status-500"]
    config = SERVER + upstream.model_table(*behaviours, retries=0)
    with Promethean(tmp_path_factory.mktemp("sdk"), pathspec_copy, config) as running:
        yield running


@pytest.fixture(params=["api_key", "auth_token"])
def client(server, request):
    """With either credential: x-api-key or a bearer token."""
    return anthropic.Anthropic(base_url=server.url, max_retries=0, **{request.param: server.token})


@pytest.fixture
def node(server):
    def run(case, model="normal", key=None, **environment):
        return run_node("messages.mjs", case, BASE_URL=server.url, API_KEY=key or server.token, MODEL=model, **environment)

    return run


# ---- Python ----

def test_a_message(client):
    answer = client.messages.create(model="normal", max_tokens=100, messages=QUESTION)

    assert [block.text for block in answer.content] == [ANSWER]
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens, answer.usage.output_tokens) == (8, 3, 5)
    assert answer._request_id


def test_a_streamed_message(client):
    with client.messages.stream(model="normal", max_tokens=100, messages=QUESTION) as stream:
        pieces = list(stream.text_stream)
        answer = stream.get_final_message()

    assert len(pieces) > 2 and "".join(pieces) == ANSWER
    assert [block.text for block in answer.content] == [ANSWER]
    assert (answer.stop_reason, answer.usage.input_tokens, answer.usage.output_tokens) == ("end_turn", 8, 5)


def test_thoughts(client):
    answer = client.messages.create(model="reasoning", max_tokens=4000, messages=QUESTION, thinking={"type": "enabled", "budget_tokens": 2000})

    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.content[0].thinking == "Six times seven."


@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_loop(client, streamed):
    said = [{"role": "user", "content": "What is in secret.txt?"}]
    asked = {"model": "agent", "max_tokens": 100, "tools": [BASH], "messages": said}

    def ask():
        if not streamed:
            return client.messages.create(**asked)
        with client.messages.stream(**asked) as stream:
            return stream.get_final_message()

    first = ask()
    call = first.content[-1]
    assert (first.stop_reason, call.name, call.input["command"]) == ("tool_use", "Bash", "cat secret.txt")
    said.append({"role": "assistant", "content": first.content})
    said.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "xylophone"}]})
    last = ask()

    assert (last.stop_reason, last.content[0].text) == ("end_turn", "It says: xylophone")


def test_tokens(client):
    assert client.messages.count_tokens(model="normal", messages=QUESTION).input_tokens > 0


@pytest.mark.parametrize(("change", "error"), [
    ({"model": "absent"}, anthropic.NotFoundError),
    ({"messages": []}, anthropic.BadRequestError),
    ({"messages": [{"role": "wizard", "content": "hi"}]}, anthropic.BadRequestError),
    ({"model": "status-400"}, anthropic.BadRequestError),
    ({"model": "status-429"}, anthropic.RateLimitError),
    ({"model": "status-500"}, anthropic.InternalServerError),
])
def test_error_classes(client, change, error):
    with pytest.raises(error) as raised:
        client.messages.create(**{"model": "normal", "max_tokens": 100, "messages": QUESTION, **change})

    assert raised.value.body["error"]["message"]
    assert raised.value.request_id == raised.value.body["request_id"]


def test_a_wrong_key_is_an_authentication_error(server):
    with pytest.raises(anthropic.AuthenticationError):
        anthropic.Anthropic(base_url=server.url, api_key="wrong", max_retries=0).messages.create(model="normal", max_tokens=9, messages=QUESTION)


@pytest.mark.parametrize("model", ["cut", "error"])
def test_a_broken_stream_is_raised(client, model):
    with pytest.raises(anthropic.APIStatusError), client.messages.stream(model=model, max_tokens=100, messages=QUESTION) as stream:
        stream.get_final_message()


@pytest.mark.model
def test_the_real_model_streams_a_cited_answer(real):
    client = anthropic.Anthropic(base_url=real.url, api_key=real.token)
    asked = [{"role": "user", "content": "Where is gitignore matching implemented?"}]
    with client.messages.stream(model="smollm2", max_tokens=300, messages=asked) as stream:
        answer = stream.get_final_message()

    paths = [place["path"] for place in answer.retrieval_context["citations"]]
    assert any("gitignore" in path for path in paths)
    assert any(path in answer.content[0].text for path in paths)


# ---- Node ----

def test_node_a_message(node):
    message = node("whole")["message"]

    assert message["content"] == [{"type": "text", "text": ANSWER}]
    assert (message["stop_reason"], message["usage"]["input_tokens"], message["usage"]["output_tokens"]) == ("end_turn", 8, 5)


def test_node_a_streamed_message(node):
    seen = node("streamed")

    assert len(seen["pieces"]) > 2 and "".join(seen["pieces"]) == ANSWER
    assert seen["message"]["content"] == [{"type": "text", "text": ANSWER}]
    assert (seen["message"]["stop_reason"], seen["message"]["usage"]["input_tokens"]) == ("end_turn", 8)


def test_node_a_tool_loop(node):
    seen = node("tools", "agent")

    assert seen["turn"] == 1
    assert seen["message"]["content"][0]["text"] == "It says: ran cat secret.txt"


def test_node_tokens(node):
    assert node("count")["input_tokens"] > 0


@pytest.mark.parametrize(("model", "error", "kind"), [
    ("absent", "NotFoundError", "not_found_error"),
    ("status-400", "BadRequestError", "invalid_request_error"),
    ("status-429", "RateLimitError", "rate_limit_error"),
    ("status-500", "InternalServerError", "overloaded_error"),
])
def test_node_error_classes(node, model, error, kind):
    seen = node("whole", model)

    assert (seen["error"], seen["type"]) == (error, kind)
    assert seen["id"]


def test_node_a_wrong_key_is_an_authentication_error(node):
    assert node("whole", key="wrong")["error"] == "AuthenticationError"


def test_node_a_broken_stream_is_thrown(node):
    assert "error" in node("streamed", "cut")
