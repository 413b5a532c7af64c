"""The real Codex CLI against /v1/responses: what its users do, over a backend that knows only chat."""
import itertools
import json
import subprocess
import sys

import pytest
from support.codex import BINARY, Codex
from support.server import Promethean

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the pinned Codex is Linux's")

# What Codex does depends on the name. To gpt-5.5 it gives apply_patch as a freeform tool and lets it look for those of MCP
# servers; gpt-6-sol gets its tools as an input item and calls all others from code; what it does not know is plain.
NAMES = ["plain-model", "gpt-5.5", "gpt-6-sol"]
PATCH = "*** Begin Patch\n*** Add File: made.txt\n+made by a patch\n*** End Patch\n"
TOOL_SERVER = '''
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked: continue
    method = asked["method"]
    if method == "initialize":
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "tsrv", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "weigh", "description": "Weighs a thing", "inputSchema": {"type": "object", "properties": {"thing": {"type": "string"}}, "required": ["thing"]}}]}
    elif method == "tools/call":
        result = {"content": [{"type": "text", "text": f"{asked['params']['arguments']['thing']} weighs seven stone"}]}
    else:
        result = {}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
'''
numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    assert BINARY.exists(), "scripts/bootstrap test fetches the Codex CLI"
    faults = [f"status-{status}" for status in (400, 401, 404, 429, 503)] + ["cut"]
    tables = [upstream.model_table(name, upstream=f"{name}:codex", retries=0, context=200_000) for name in NAMES]
    config = "[server]\nembedded_model = false\n" + "".join(tables) + upstream.model_table(*faults, retries=0, context=200_000)
    config += upstream.model_table("small", upstream="normal", context=2_000)
    with Promethean(tmp_path_factory.mktemp("codex"), pathspec_copy, config) as running:
        yield running


@pytest.fixture
def codex(server, tmp_path):
    return Codex(server, tmp_path, "request_max_retries = 0\nstream_max_retries = 0")


def says(upstream, name, *turns):
    upstream.script(f"{name}:codex", *turns)
    record = upstream.of(f"{name}:codex")
    record.calls.clear()
    return record


def tool_named(request, ending):
    """The name under which the model sees a tool; None if it does not."""
    names = [tool["function"]["name"] for tool in request["tools"]]
    return next((name for name in names if name == ending or name.endswith(f"__{ending}")), None)


def call_of(request, tool, argument):
    """A call of the tool as this model would make it: by name, or from code."""
    name = tool_named(request, tool)
    if name:
        return name, {"input": argument} if isinstance(argument, str) else argument
    return tool_named(request, "exec"), {"input": f"text(await tools.{tool}({json.dumps(argument)}));"}


def offered(codex, upstream, name):
    """The request of a first turn, which shows what the model is offered."""
    record = says(upstream, name, "I see.")
    assert codex.exec(name, "hello").code == 0
    return record.requests[-1]


def test_a_plain_answer(codex, upstream):
    record = says(upstream, "plain-model", "It is forty-two.")
    ran = codex.exec("plain-model", "What is the answer?")

    assert ran.code == 0 and ran.text == "It is forty-two.", ran
    assert ran.of("turn.completed")[0]["usage"]["input_tokens"] > 0
    roles = [message["role"] for message in record.requests[-1]["messages"]]
    assert roles[0] == "system" and set(roles) == {"system", "user"}
    assert {tool["type"] for tool in record.requests[-1]["tools"]} == {"function"}


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_call_is_executed_and_its_output_reaches_the_model(codex, upstream, name):
    call = call_of(offered(codex, upstream, name), "exec_command", {"cmd": "echo made by codex > made.txt; echo it is done"})
    record = says(upstream, name, call, "The file is there.")
    ran = codex.exec(name, "Make a file")

    assert ran.code == 0 and ran.text == "The file is there.", ran
    assert (codex.work / "made.txt").read_text() == "made by codex\n"
    assert ran.items("command_execution")[0]["exit_code"] == 0
    outcome = record.requests[-1]["messages"][-1]
    assert outcome["role"] == "tool" and "it is done" in outcome["content"]
    [made] = record.requests[-1]["messages"][-2]["tool_calls"]
    assert made["id"] == outcome["tool_call_id"] and made["function"]["name"] == call[0]


def test_a_second_turn_of_a_resumed_session_has_the_first(codex, upstream):
    record = says(upstream, "plain-model", "Green.", "I said green.")
    first = codex.exec("plain-model", "Which colour?")
    second = codex.exec("plain-model", "What did you say?", resume=first.thread)

    assert second.code == 0 and second.text == "I said green.", second
    texts = [str(message["content"]) for message in record.requests[-1]["messages"]]
    assert any("Which colour?" in text for text in texts) and "Green." in texts


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_patch_by_the_freeform_tool(codex, upstream, name):
    call = call_of(offered(codex, upstream, name), "apply_patch", PATCH)
    says(upstream, name, call, "Patched.")
    ran = codex.exec(name, "Make a file")

    assert ran.code == 0 and ran.text == "Patched.", ran
    assert (codex.work / "made.txt").read_text() == "made by a patch\n"
    assert ran.items("file_change")


def test_a_patch_through_the_shell(codex, upstream):
    says(upstream, "plain-model", ("exec_command", {"cmd": f"apply_patch <<'EOF'\n{PATCH}EOF\n"}), "Patched.")
    ran = codex.exec("plain-model", "Make a file")

    assert ran.code == 0 and (codex.work / "made.txt").read_text() == "made by a patch\n", ran


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_of_an_mcp_server_goes_by_its_namespace(server, tmp_path, upstream, name):
    (tmp_path / "tool_server.py").write_text(TOOL_SERVER)
    codex = Codex(server, tmp_path, f"""[mcp_servers.tsrv]
command = {json.dumps(sys.executable)}
args = [{json.dumps(str(tmp_path / "tool_server.py"))}]""")
    request = offered(codex, upstream, name)
    calls = [call_of(request, "mcp__tsrv__weigh", {"thing": "The stone"})]
    if tool_named(request, "tool_search"):  # it must be looked for first
        calls = [("tool_search", {"query": "weigh"}), ("mcp__tsrv__weigh", {"thing": "The stone"})]
    record = says(upstream, name, *calls, "Seven.")
    ran = codex.exec(name, "Weigh the stone")

    assert ran.code == 0 and ran.text == "Seven.", ran
    assert "weighs seven stone" in json.dumps(record.requests[-1]["messages"][-1])
    assert ran.items("mcp_tool_call")[0]["status"] == "completed"


@pytest.fixture(scope="module")
def open_server(tmp_path_factory, pathspec_copy, upstream):
    """--oss sends no credential."""
    config = "[server]\nembedded_model = false\n[auth]\nmode = \"none\"\n" + upstream.model_table("plain-model", upstream="plain-model:codex", context=200_000)
    with Promethean(tmp_path_factory.mktemp("open"), pathspec_copy, config) as running:
        yield running


def test_oss_with_lm_studio_as_its_provider(open_server, tmp_path, upstream):
    codex = Codex(open_server, tmp_path, token="none")
    says(upstream, "plain-model", "From here.")
    codex.environment["CODEX_OSS_BASE_URL"] = f"http://{open_server.host}:{open_server.port}/v1"
    ran = codex.exec("plain-model", "hello", "--oss", "--local-provider", "lmstudio")

    assert ran.code == 0 and ran.text == "From here.", ran


def oss(server, tmp_path):
    """Codex as its users start it for a local Ollama: by the address alone, which it knows to end in /v1."""
    codex = Codex(server, tmp_path, token="none")
    codex.environment["CODEX_OSS_BASE_URL"] = f"http://{server.host}:{server.port}/v1"
    return codex, ("--oss", "--local-provider", "ollama")


def test_oss_with_ollama_as_its_provider(open_server, tmp_path, upstream):
    codex, arguments = oss(open_server, tmp_path)
    record = says(upstream, "plain-model", "From here.")
    ran = codex.exec("plain-model", "hello", *arguments)

    assert ran.code == 0 and ran.text == "From here.", ran
    assert len(record.calls) == 1
    assert "Pulling" not in ran.stderr, "the model is listed under its name"


def test_a_tool_call_with_ollama_as_its_provider(open_server, tmp_path, upstream):
    codex, arguments = oss(open_server, tmp_path)
    record = says(upstream, "plain-model", ("exec_command", {"cmd": "echo made by codex > made.txt"}), "Made.")
    ran = codex.exec("plain-model", "Make a file", *arguments)

    assert ran.code == 0 and ran.text == "Made.", ran
    assert (codex.work / "made.txt").read_text() == "made by codex\n"
    assert record.requests[-1]["messages"][-1]["role"] == "tool"


def test_a_model_that_codex_would_have_to_pull_is_said_not_to_be_there(open_server, tmp_path):
    codex, arguments = oss(open_server, tmp_path)
    ran = codex.exec("gpt-oss:20b", "hello", *arguments)

    assert ran.code != 0 and "the model 'gpt-oss:20b' does not exist" in ran.stderr, ran


@pytest.mark.parametrize(("name", "text"), [
    ("status-400", "upstream says 400"), ("status-404", "upstream says 404"), ("status-503", "upstream says 503"), ("status-429", "429"),
    ("status-401", "the backend refused our credential"), ("absent", "the model 'absent' does not exist"), ("cut", "disconnected|broke off"),
])
def test_what_a_user_reads_of_a_fault(codex, name, text):
    ran = codex.exec(name, "hello")

    assert ran.code == 1, ran
    assert any(part in ran.error for part in text.split("|")), ran


def test_a_token_that_is_wrong_is_said_to_be(codex):
    codex.environment["OUR_KEY"] = "prm-not-a-token"
    ran = codex.exec("plain-model", "hello")

    assert ran.code == 1 and "401" in ran.error, ran


def test_a_prompt_that_cannot_fit_is_said_to_be_too_long(codex):
    ran = codex.exec("small", "hello")

    assert ran.code == 1 and "ran out of room" in ran.error, ran


def test_its_doctor_reaches_us(codex):
    ran = subprocess.run([BINARY, "doctor", "--network-only", "--json"], env=codex.environment, cwd=codex.work, capture_output=True, text=True, timeout=60, check=False)

    assert "reachable" in ran.stdout, ran.stdout + ran.stderr
