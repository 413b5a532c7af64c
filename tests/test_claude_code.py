"""The real Claude Code in print mode, in a clean home, with nobody to speak to but us."""
import json
import os
import platform
import subprocess

import pytest
from support.models import KINDS, SERVER
from support.server import ROOT, Promethean

CLAUDE = ROOT / "build/assets/claude-code/claude"

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the pinned Claude Code is a program for x86-64")


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER + 'unknown_model = "default"\n'
    for kind in KINDS:
        config += upstream.model_table(f"agent-{kind}", backend=kind, upstream=f"agent:claude-{kind}", context=200_000)
    config += upstream.model_table("echo", upstream="echo:claude", context=200_000, retrieval=True)
    config += upstream.model_table("small", upstream="normal:claude-small", context=2048)
    with Promethean(tmp_path_factory.mktemp("claude"), pathspec_copy, config) as running:
        yield running


@pytest.fixture
def claude(server, tmp_path):
    """claude(prompt, model): what it printed, as its JSON result."""
    work = tmp_path / "work"
    home = tmp_path / "home"
    work.mkdir()
    home.mkdir()
    (work / "secret.txt").write_text("xylophone\n")

    def run(prompt, *arguments, model=None):
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "ANTHROPIC_BASE_URL": server.url,
                       "ANTHROPIC_AUTH_TOKEN": server.token, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1",
                       "DISABLE_ERROR_REPORTING": "1", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_MAX_RETRIES": "1", **no_network()}
        line = [CLAUDE, "-p", prompt, "--output-format", "json", "--allowedTools", "Bash", *arguments]
        ran = subprocess.run([*line, *(["--model", model] if model else [])], cwd=work, env=environment, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=150)
        assert ran.stdout, ran.stderr
        return json.loads(ran.stdout)

    return run


def no_network():
    """A proxy where nobody listens, for every address but this machine's."""
    nobody = "http://127.0.0.1:9"
    return {"HTTP_PROXY": nobody, "HTTPS_PROXY": nobody, "NO_PROXY": "127.0.0.1,localhost"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_tool_loop(claude, upstream, kind):
    result = claude("What is in secret.txt?", model=f"agent-{kind}")

    assert result["result"] == "It says: xylophone", result
    assert (result["is_error"], result["num_turns"]) == (False, 2)
    record = upstream.of(f"agent:claude-{kind}")
    assert len(record.calls) == 2, "each turn is one call"
    assert len(json.dumps(record.requests[0]["tools"])) > 1000, "the model was told of its tools"


def test_the_model_that_it_asks_for_by_default_is_ours(claude, upstream):
    before = len(upstream.of("agent:claude-openai").calls)
    result = claude("What is in secret.txt?")

    assert result["result"] == "It says: xylophone", result
    assert len(upstream.of("agent:claude-openai").calls) == before + 2


def test_its_users_question_is_answered_with_excerpts(claude):
    result = claude("Where is gitignore matching implemented?", model="echo")

    assert "Excerpts from the repository" in result["result"]
    assert "gitignore" in result["result"].partition("Excerpts from the repository")[2].partition("```")[0]


def test_a_prompt_over_the_context_is_understood(claude):
    result = claude("hello", model="small")

    assert result["is_error"]
    assert "Prompt is too long" in result["result"], result
