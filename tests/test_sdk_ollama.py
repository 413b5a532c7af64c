"""The official Ollama clients, for Python and for Node (tests/node/ollama.mjs), against the scripted and the real model."""
import ollama
import pytest
from support.models import KINDS, SERVER
from support.node import node
from support.server import Promethean, wait_for
from support.upstream_script import vector

ASKED = [{"role": "user", "content": "How many?"}]
TEXT = "The answer is forty-two."
QUESTION = "Where is gitignore matching implemented?"


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER + upstream.model_table("normal", "echo", "slow", "cut", "reasoning", "status-400", "status-429", "status-500", retries=0)
    for kind in KINDS:
        config += upstream.model_table(f"agent-{kind}", backend=kind, upstream=f"agent:sdk-{kind}")
    config += upstream.model_table("theirs", backend="ollama", upstream="normal:sdk")
    with Promethean(tmp_path_factory.mktemp("ollama_sdk"), pathspec_copy, config) as running:
        yield running


@pytest.fixture
def client(server):
    return ollama.Client(host=server.url, headers={"Authorization": f"Bearer {server.token}"})


def Bash(command: str, description: str = "") -> str:  # noqa: N802 - the name by which the model calls it
    """Runs a command.

    Args:
        command: what to run
        description: why
    """
    return f"xylophone ({command})"


# ---- Python ----

def test_list_show_and_ps(client):
    listed = {entry.model: entry for entry in client.list().models}
    assert listed["normal"].digest and listed["normal"].modified_at

    shown = client.show("normal")
    assert shown.capabilities == ["completion", "tools"]
    assert shown.modelinfo["openai.context_length"] == 8192
    assert "vision" in client.show("theirs").capabilities
    assert "normal" in [entry.model for entry in client.ps().models]


def test_chat(client):
    answer = client.chat("normal", messages=ASKED)

    assert (answer.message.content, answer.done_reason, answer.done) == (TEXT, "stop", True)
    assert (answer.prompt_eval_count, answer.eval_count) == (11, 5)
    assert answer.eval_duration > 0 and answer.total_duration > 0


def test_chat_streamed(client):
    parts = list(client.chat("normal", messages=ASKED, stream=True))

    assert "".join(part.message.content for part in parts) == TEXT
    assert len(parts) > 2 and parts[-1].done and not any(part.done for part in parts[:-1])
    assert parts[-1].eval_count == 5


def test_thoughts(client):
    answer = client.chat("reasoning", messages=ASKED, think=True)

    assert (answer.message.thinking, answer.message.content) == ("Six times seven.", TEXT)
    assert client.chat("reasoning", messages=ASKED, think=False).message.thinking is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_loop(client, kind, stream):
    messages = [{"role": "user", "content": "What is in secret.txt?"}]
    for _ in range(2):
        answer = client.chat(f"agent-{kind}", messages=messages, tools=[Bash], stream=stream)
        parts = list(answer) if stream else [answer]
        text = "".join(part.message.content or "" for part in parts)
        calls = [call for part in parts for call in part.message.tool_calls or []]
        messages.append(ollama.Message(role="assistant", content=text, tool_calls=calls or None))
        for call in calls:
            assert call.function.name == "Bash"
            messages.append({"role": "tool", "tool_name": "Bash", "content": Bash(**call.function.arguments)})

    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "assistant"]
    assert messages[-1].content == "It says: xylophone (cat secret.txt)"


def test_generate(client):
    assert client.generate("normal", "How many?").response == TEXT
    parts = list(client.generate("echo", "Say it.", system="Be short.", stream=True, options={"num_predict": 9, "top_k": 3}))
    assert "".join(part.response for part in parts) == "Say it." and parts[-1].done
    assert client.generate("echo", "def f(", raw=True).response == "def f("


@pytest.mark.parametrize("model", ["normal", "theirs"])
def test_embed(client, model):
    assert client.embed(model, ["one", "two"]).embeddings == [pytest.approx(vector("one"), abs=1e-6), pytest.approx(vector("two"), abs=1e-6)]
    assert client.embeddings(model, "one").embedding == pytest.approx(vector("one"), abs=1e-6)


def test_pull(client):
    assert client.pull("normal").status == "success"
    assert [step.status for step in client.pull("normal", stream=True)] == ["success"]
    for stream in (False, True):
        with pytest.raises(ollama.ResponseError, match="'absent' does not exist"):
            list(client.pull("absent", stream=stream))


@pytest.mark.parametrize(("model", "status"), [("absent", 404), ("status-400", 400), ("status-429", 429), ("status-500", 503)])
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_their_status(client, model, status, stream):
    with pytest.raises(ollama.ResponseError) as raised:
        list(client.chat(model, messages=ASKED, stream=stream))

    assert raised.value.status_code == status and raised.value.error


def test_a_wrong_key_is_said_to_be_one(server):
    with pytest.raises(ollama.ResponseError) as raised:
        ollama.Client(host=server.url, headers={"Authorization": "Bearer wrong"}).list()

    assert raised.value.status_code == 401


def test_the_key_may_be_in_the_environment(server, monkeypatch):
    monkeypatch.setenv("OLLAMA_API_KEY", server.token)

    assert ollama.Client(host=server.url).chat("normal", messages=ASKED).message.content == TEXT


def test_a_broken_stream_is_raised(client):
    with pytest.raises(ollama.ResponseError, match="in the middle of its answer"):
        list(client.chat("cut", messages=ASKED, stream=True))


def test_leaving_the_loop_ends_the_upstream_call(client, upstream):
    before = upstream.of("slow").left
    stream = client.chat("slow", messages=ASKED, stream=True)
    next(stream)
    stream.close()

    wait_for(lambda: upstream.of("slow").left > before, 10, "the upstream to see the client leave")


@pytest.mark.model
def test_the_real_model_streams_a_cited_answer(real):
    client = ollama.Client(host=real.url, headers={"Authorization": f"Bearer {real.token}"})
    [name] = [entry.model for entry in client.list().models]
    parts = list(client.chat(name, messages=[{"role": "user", "content": QUESTION}], stream=True))

    assert "gitignore" in "".join(part.message.content for part in parts)
    assert parts[-1].eval_count > 0


# ---- Node ----

def ask(server, case, model="normal", key=None):
    return node("ollama.mjs", case, BASE_URL=server.url, API_KEY=key or server.token, MODEL=model)


def test_chat_in_node(server):
    assert ask(server, "whole") == {"text": TEXT, "reason": "stop", "calls": []}
    seen = ask(server, "streamed")
    assert (seen["text"], seen["counts"]) == (TEXT, [11, 5]) and seen["parts"] > 2
    [call] = ask(server, "whole", "agent-openai")["calls"]
    assert call["function"]["arguments"]["command"] == "cat secret.txt"


def test_the_rest_in_node(server):
    seen = ask(server, "models")
    assert "normal" in seen["names"] and seen["capabilities"] == ["completion", "tools"]
    assert ask(server, "texts") == {"response": TEXT, "sizes": [4, 4]}


@pytest.mark.parametrize(("case", "model", "error"), [("whole", "absent", "does not exist"), ("streamed", "cut", "in the middle of its answer")])
def test_errors_in_node(server, case, model, error):
    assert error in ask(server, case, model)["message"]


def test_leaving_the_loop_in_node_ends_the_upstream_call(server, upstream):
    before = upstream.of("slow").left
    assert ask(server, "leave", "slow") == {"left": True}

    wait_for(lambda: upstream.of("slow").left > before, 10, "the upstream to see the client leave")
