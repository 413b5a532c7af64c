"""The real opencode in a clean home, with nobody to speak to but us: its tools work over a backend of any kind."""
import json
import os
import platform
import subprocess

import pytest
from support.models import KINDS, SERVER
from support.server import ROOT, Promethean

OPENCODE = ROOT / "build/assets/opencode/bin/opencode"
# What it speaks through: the chat's provider, or OpenAI's own, which uses /v1/responses.
PROVIDERS = ["@ai-sdk/openai-compatible", "@ai-sdk/openai"]

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the pinned opencode is a program for x86-64")


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER + upstream.model_table("title", upstream="normal:opencode-title", context=100_000)
    for kind in KINDS:
        config += upstream.model_table(f"agent-{kind}", backend=kind, upstream=f"normal:opencode-{kind}", context=100_000)
    config += upstream.model_table("cited", upstream="echo:opencode", context=100_000, retrieval=True)
    config += upstream.model_table("refused", upstream="status-400:opencode", context=100_000, retries=0)
    with Promethean(tmp_path_factory.mktemp("opencode"), pathspec_copy, config) as running:
        yield running


@pytest.fixture
def opencode(server, tmp_path):
    """opencode(prompt, model): the events that it printed, by type."""
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    (work / "secret.txt").write_text("xylophone\n")

    def run(prompt, model, provider=PROVIDERS[0]):
        names = [f"agent-{kind}" for kind in KINDS] + ["title", "cited", "refused"]
        ours = {"npm": provider, "options": {"baseURL": server.url + "/v1", "apiKey": "{env:PROMETHEAN_TOKEN}"}, "models": {name: {} for name in names}}
        config = {"provider": {"ours": ours}, "model": f"ours/{model}", "small_model": "ours/title", "share": "disabled", "autoupdate": False,
                  "permission": {"bash": "allow"}, "enabled_providers": ["ours"]}
        (work / "opencode.json").write_text(json.dumps(config))
        nobody = "http://127.0.0.1:9"  # a proxy where nobody listens, for every address but this machine's
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "PROMETHEAN_TOKEN": server.token,
                       "OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
                       "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1", "HTTP_PROXY": nobody, "HTTPS_PROXY": nobody, "NO_PROXY": "127.0.0.1,localhost"}
        ran = subprocess.run([OPENCODE, "run", "--format", "json", prompt], cwd=work, env=environment, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=150)
        events = {}
        for line in ran.stdout.splitlines():
            event = json.loads(line)
            events.setdefault(event["type"], []).append(event)
        assert events, ran.stderr
        return events

    return run


def text_of(events):
    return "".join(event["part"]["text"] for event in events["text"])


def tool_states(events):
    return [(event["part"]["tool"], event["part"]["state"]) for event in events["tool_use"]]


@pytest.mark.parametrize(("kind", "provider"), [*((kind, PROVIDERS[0]) for kind in KINDS), ("openai", PROVIDERS[1])])
def test_a_tool_loop(opencode, upstream, kind, provider):
    name = f"normal:opencode-{kind}"
    upstream.script(name, ("bash", {"command": "cat secret.txt", "description": "Reads the file"}), "It says: xylophone")
    record = upstream.of(name)
    record.calls.clear()
    events = opencode("What is in secret.txt?", f"agent-{kind}", provider)

    [(tool, state)] = tool_states(events)
    assert (tool, state["status"], state["output"].strip()) == ("bash", "completed", "xylophone")
    assert text_of(events) == "It says: xylophone"
    assert len(record.calls) == 2, "each turn is one call"
    assert "xylophone" in json.dumps(record.requests[-1]["messages"][-1])
    assert len(json.dumps(record.requests[0]["tools"])) > 1000, "the model was told of its tools"


def test_its_users_question_is_answered_with_excerpts(opencode):
    text = text_of(opencode("Where is gitignore matching implemented?", "cited"))

    assert "gitignore" in text.partition("Excerpts from the repository")[2].partition("```")[0]


def test_its_user_reads_of_a_fault(opencode):
    events = opencode("hello", "refused")

    assert "upstream says 400" in json.dumps(events["error"])
