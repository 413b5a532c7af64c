"""The command line: help, machine output, exit codes, completions, tokens, and the search commands without a server."""
import json
import re
import shutil
import stat
import subprocess

import pytest
from support.server import ROOT, run_command, wait_for

COMMANDS = ["serve", "index", "search", "grep", "symbols", "view", "refs", "outline", "ask", "replay", "worker", "token", "doctor", "completions"]


@pytest.fixture(scope="module")
def cli(tmp_path_factory, pathspec_copy):
    """cli("search", "x"): a command on pathspec's sources, without a server."""
    home = tmp_path_factory.mktemp("cli")

    def run(*arguments, root=pathspec_copy, **environment):
        return run_command(*arguments, home=home, cwd=root, PROMETHEAN_STATE_DIR=home / "state", **environment)

    return run


def document(ran):
    assert ran.stdout.count("\n") >= 1
    return json.loads(ran.stdout)


def test_help_lists_the_commands(cli):
    ran = cli("--help")
    assert ran.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^\s+{command}\b", ran.stdout, re.M), command


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(cli, command):
    ran = cli(command, "--help")
    assert ran.returncode == 0
    assert f"promethean {command}" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_version(cli):
    ran = cli("--version")
    assert ran.returncode == 0 and re.search(r"\d+\.\d+\.\d+", ran.stdout)


@pytest.mark.parametrize("arguments", [[], ["serv"], ["grep"], ["search", "x", "--nonsense"], ["search", "x", "-n", "0"], ["search", "x", "-n", "many"],
                                       ["search", "x", "--kind", "cats"], ["token", "explode"], ["completions", "fish"], ["grep", "("],
                                       ["token", "create", "--scope", "everything"], ["token", "create", "--ttl", "soon"]])
def test_wrong_use_exits_with_2_and_says_why(cli, arguments):
    ran = cli(*arguments)
    assert ran.returncode == 2, ran
    assert ran.stderr.strip() and not ran.stdout.strip()


def test_a_mistyped_command_names_the_right_one(cli):
    assert "search" in cli("serach", "x").stderr


def test_errors_are_json_for_machines(cli):
    ran = cli("grep", "(", "--json")
    assert ran.returncode == 2
    error = document(ran)
    assert error["ok"] is False and error["message"]


def test_index_then_status(cli):
    report = document(cli("index", "--json"))
    assert report["files"] > 20

    status = document(cli("index", "--status", "--json"))
    assert status["files"] == report["files"]
    assert cli("index").returncode == 0


def test_index_status_without_an_index_is_not_found(cli, tmp_path):
    (tmp_path / "empty").mkdir()
    assert cli("index", "--status", root=tmp_path / "empty").returncode == 3


def test_search_ranks_the_right_file_first(cli):
    results = document(cli("search", "where is gitignore matching implemented", "-n", "5", "--kind", "code", "--json"))["results"]

    assert 1 <= len(results) <= 5
    assert "gitignore" in results[0]["path"]
    assert results[0]["startLine"] <= results[0]["endLine"]


def test_search_that_finds_nothing_exits_with_3(cli):
    assert cli("search", "zzqxwvvkqqjj").returncode == 3


def test_grep_finds_what_grep_finds(cli, pathspec_copy):
    ran = cli("grep", r"def \w+_file", "--json", "--first", "1000")
    ours = {(match["path"], match["line"]) for match in document(ran)["results"]}

    lines = subprocess.run(["grep", "-rnIP", r"def \w+_file", "."], cwd=pathspec_copy, capture_output=True, text=True).stdout.splitlines()
    theirs = {(path[2:], int(line)) for path, line, _ in (text.split(":", 2) for text in lines)}
    assert ours and ours <= theirs
    assert {place for place in theirs if place[0].endswith(".py")} <= ours


@pytest.mark.parametrize(("flags", "pattern", "least"), [([], "GitIgnoreSpec", 1), (["-i"], "gitignorespec", 1), (["-w"], "GitIgnoreSpec", 1), (["-F"], "re.compile(", 1),
                                                        (["-U"], r"import \(?\n", 1), (["-C", "2"], "class PathSpec", 1)])
def test_grep_flags(cli, flags, pattern, least):
    ran = cli("grep", *flags, pattern)
    assert ran.returncode == 0, ran
    assert len(ran.stdout.splitlines()) >= least


def test_grep_that_finds_nothing_exits_as_ripgrep_does(cli):
    assert cli("grep", "zzqxwvvkqqjj").returncode == 1


def test_grep_in_a_path_counts(cli):
    ran = cli("grep", "def ", "pathspec", "--count", "--json")
    counts = document(ran)
    assert ran.returncode == 0 and counts
    assert "tests/" not in ran.stdout


def test_grep_takes_a_pattern_that_begins_with_a_dash(cli):
    assert cli("grep", "-F", "--", "--").returncode in (0, 1)


def test_symbols(cli):
    symbols = document(cli("symbols", "GitIgnoreSpec", "--json"))["results"]

    assert any(symbol["kind"] == "class" and symbol["path"].endswith("gitignore.py") for symbol in symbols)
    assert cli("symbols", "NoSuchName").returncode == 3


def test_colour_is_only_for_terminals(cli):
    for arguments in (["search", "gitignore"], ["grep", "GitIgnoreSpec"], ["doctor"]):
        assert "\x1b[" not in cli(*arguments).stdout


@pytest.mark.model
def test_ask_without_a_server(cli):
    ran = cli("ask", "Where is gitignore matching implemented?")
    assert ran.returncode == 0, ran.stderr
    assert "gitignore" in ran.stdout


# ---- tokens ----


def test_create_prints_only_the_token(cli):
    ran = cli("token", "create", "--scope", "read", "--name", "ci")
    assert ran.returncode == 0
    assert re.fullmatch(r"\S{20,}\n", ran.stdout), ran.stdout


def test_tokens_are_listed_without_their_secret_and_can_be_revoked(cli):
    made = document(cli("token", "create", "--scope", "read,write", "--ttl", "30d", "--name", "temporary", "--json"))
    listing = cli("token", "list", "--json")
    assert made["token"] not in listing.stdout
    assert made["id"] in listing.stdout

    assert cli("token", "revoke", made["id"]).returncode == 0
    assert made["id"] not in cli("token", "list", "--json").stdout
    assert cli("token", "revoke", made["id"]).returncode == 3


def test_the_state_is_only_for_its_user(scripted):
    for path in (scripted.state / "token", scripted.state / "tokens.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(scripted.state.stat().st_mode) == 0o700


def test_scopes_hold(scripted):
    made = json.loads(scripted.run("token", "create", "--scope", "write", "--name", "w", "--json").stdout)
    status, headers, body = scripted.get("/v1/models", token=made["token"])
    assert status == 403, body
    assert json.loads(body)["error"]["message"]

    scripted.run("token", "revoke", made["id"])


def test_a_new_token_works_without_a_restart_and_a_revoked_one_stops(scripted):
    made = json.loads(scripted.run("token", "create", "--scope", "read", "--name", "r", "--json").stdout)
    wait_for(lambda: scripted.get("/v1/models", token=made["token"])[0] == 200, 10, "the new token to work")

    scripted.run("token", "revoke", made["id"])
    wait_for(lambda: scripted.get("/v1/models", token=made["token"])[0] == 401, 10, "the revoked token to stop")


# ---- beside a running server ----


def test_ask_uses_the_running_server(scripted, upstream):
    before = len(upstream.requests)
    ran = scripted.run("ask", "Where is gitignore matching implemented?")

    assert ran.returncode == 0, ran.stderr
    assert "forty-two" in ran.stdout
    assert len(upstream.requests) > before


def test_ask_says_what_went_wrong(scripted):
    ran = scripted.run("ask", "hello", "--model", "absent")
    assert ran.returncode == 3
    assert "absent" in ran.stderr


def test_search_uses_the_running_server_and_agrees_with_it(scripted):
    ran = scripted.run("search", "gitignore matching", "--json")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["results"]


def test_a_second_server_for_the_same_port_says_so(scripted, tmp_path, pathspec_copy):
    ran = run_command("serve", "--root", pathspec_copy, "--listen", scripted.address, "--state-dir", tmp_path / "state", home=tmp_path)
    assert ran.returncode == 1
    assert scripted.address in ran.stderr


# ---- completions, doctor ----


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_scripts_are_sound(cli, tmp_path, shell):
    if not shutil.which(shell):
        pytest.fail(f"{shell} is not installed: scripts/bootstrap test")
    script = tmp_path / f"completion.{shell}"
    script.write_text(cli("completions", shell).stdout)
    checked = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    for command in COMMANDS:
        assert command in script.read_text()


def test_bash_completes_commands_and_options(cli, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(cli("completions", "bash").stdout)
    complete = (
        f"source {script}; spec=$(complete -p promethean); fn=${{spec#*-F }}; fn=${{fn%% *}};"
        'COMP_WORDS=(promethean "$@"); COMP_CWORD=$#; COMP_LINE="promethean $*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=(); $fn promethean "${!#}" "";'
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )

    def reply(*words):
        return subprocess.run(["bash", "-c", complete, "bash", *words], capture_output=True, text=True).stdout.split()

    assert reply("se") and set(reply("se")) == {"serve", "search"}
    assert "--kind" in reply("search", "--k")
    assert "code" in reply("search", "--kind", "c")


def test_doctor_checks_what_is_needed(cli):
    ran = cli("doctor", "--json")
    assert ran.returncode in (0, 1)
    text = json.dumps(document(ran)).lower()
    for word in ("model", "state", "port", "user namespaces", "nsjail", "bubblewrap", "cgroup", "ollama", "postgres"):
        assert word in text, word


def test_doctor_says_what_is_missing_for_which_feature(cli, tmp_path):
    ran = cli("doctor", "--model", str(tmp_path / "absent.gguf"))
    assert ran.returncode == 1
    assert "absent.gguf" in ran.stdout


def test_the_readme_names_only_commands_that_are_there(cli):
    text = (ROOT / "README.md").read_text()
    used = set(re.findall(r"^\s*(?:\$ )?(?:build/release/)?promethean (\w+)", text, re.M))
    assert used and used <= set(COMMANDS), used - set(COMMANDS)
