"""Commands in the repository: off by default, and how each one ends."""
import json
import os
import stat
import threading
import time

import pytest

PREFIXES = ["", "/v0", "/v1"]
CONFIG = ("[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n"
          '[[models]]\nname = "none"\nbackend = "openai"\nurl = "http://127.0.0.1:1"\n')


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    base = tmp_path_factory.mktemp("exec")
    root = base / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "here.txt").write_text("here\n")
    (base / "root-evil").mkdir()
    os.symlink(base / "root-evil", root / "leads-out")
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory, tree):
    from support.server import Promethean
    config = CONFIG + "[exec]\nenabled = true\nmax_output_bytes = 4096\n"
    environment = {"PROMETHEAN_TEST_SECRET": "hunter2"}
    with Promethean(tmp_path_factory.mktemp("server"), tree, config, environment=environment) as running:
        yield running


def run(server, command, prefix="/v1", status=200, **more):
    return send(server, {"command": command, **more}, prefix, status)


def send(server, body, prefix="/v1", status=200):
    got, _, raw = server.post(f"{prefix}/exec/run", body)
    answer = json.loads(raw)
    assert got == status, answer
    return answer


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_command_that_goes_well(server, prefix):
    answer = run(server, "echo hello", prefix)
    assert answer["ok"] is True and answer["exitCode"] == 0 and answer["signal"] is None and answer["error"] is None
    assert answer["stdout"] == "hello" and answer["stderr"] == "" and answer["truncated"] is False
    assert answer["durationMs"] >= 0


def test_exit_codes_and_signals_are_told_apart(server):
    answer = run(server, ["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert (answer["ok"], answer["exitCode"], answer["signal"]) == (False, 7, None)
    assert (answer["stdout"], answer["stderr"], answer["error"]) == ("out", "err", "exit code 7")
    answer = run(server, ["sh", "-c", "kill -SEGV $$"])
    assert (answer["ok"], answer["exitCode"], answer["signal"]) == (False, None, "SIGSEGV")
    answer = run(server, ["sh", "-c", "exit 137"])
    assert (answer["exitCode"], answer["signal"]) == (137, None)


def test_a_command_that_takes_too_long_ends_with_all_it_started(server):
    began = time.monotonic()
    answer = run(server, ["sh", "-c", "echo begun; sleep 987654 & sleep 987654"], timeoutMs=300)
    assert time.monotonic() - began < 30
    assert answer["ok"] is False and answer["timedOut"] is True and answer["exitCode"] is None
    assert answer["signal"] == "SIGTERM" and answer["stdout"] == "begun" and "300 ms" in answer["error"]
    assert "987654" not in os.popen("ps ax -o args").read().replace("ps ax", "")


def test_the_tail_of_long_output_is_kept(server):
    answer = run(server, ["sh", "-c", "seq 1 100000; seq 1 10 >&2"])
    assert answer["truncated"] is True and answer["stdoutBytes"] == 588895
    assert answer["stdout"].endswith("99999\n100000") and len(answer["stdout"]) == 4095
    assert answer["stderr"].splitlines()[-1] == "10"


def test_where_it_runs(server, tree):
    assert run(server, "pwd")["stdout"] == str(tree)
    assert run(server, "cat here.txt", cwd="sub")["stdout"] == "here"
    assert run(server, "pwd", cwd="/sub")["stdout"] == str(tree / "sub")
    for outside in ["..", "../root-evil", "leads-out", "/../x", "sub/../../root-evil"]:
        answer = run(server, "pwd", cwd=outside)
        assert answer["ok"] is False and answer["error"] == "cwd outside root" and answer["exitCode"] is None, outside
    assert run(server, "pwd", cwd="sub/here.txt")["ok"] is False
    assert run(server, "pwd", cwd="absent")["ok"] is False


def test_it_sees_nothing_of_ours(server):
    answer = run(server, "env", env={"COLOUR": "blue", "CI": "no"})
    names = dict(line.split("=", 1) for line in answer["stdout"].splitlines())
    assert names["COLOUR"] == "blue" and names["CI"] == "no" and names["GIT_TERMINAL_PROMPT"] == "0"
    assert set(names) <= {"COLOUR", "CI", "GIT_TERMINAL_PROMPT", "PATH", "HOME", "LANG", "TERM", "PWD"}
    assert "hunter2" not in answer["stdout"] and server.token not in answer["stdout"]
    assert run(server, ["sh", "-c", "ls /proc/self/fd | wc -l"])["stdout"] == "4"


def test_limits_of_resources(server):
    assert run(server, ["sh", "-c", "ulimit -c; ulimit -n"])["stdout"] == "0\n1024"
    answer = run(server, ["python3", "-c", "x = bytearray(6 << 30)"])
    assert answer["ok"] is False and "MemoryError" in answer["stderr"]


def test_a_terminal_when_it_is_asked_for(server):
    assert run(server, ["sh", "-c", "test -t 1 && echo terminal"], tty=True)["stdout"] == "terminal"
    assert run(server, ["sh", "-c", "test -t 1 || echo none"])["stdout"] == "none"


def test_no_shell_unless_it_is_configured(server, start, tree):
    assert run(server, "echo $HOME '*' \"a b\"")["stdout"] == "$HOME * a b"
    for command in ["echo a | cat", "echo a && echo b", "echo `id`", "echo a > f"]:
        answer = run(server, command, status=400)
        assert answer["ok"] is False and "shell" in answer["error"] and answer["param"] == "command"
    shell = start(tree, config=CONFIG, environment={"EXEC_ENABLED": "true", "EXEC_SHELL": "true"})
    assert run(shell, "echo a | tr a b && echo $((1 + 2))")["stdout"] == "b\n3"


def test_bad_input(server):
    for body in [{}, {"command": ""}, {"command": "  "}]:
        assert "Missing 'command'" in send(server, body, status=400)["error"]
    for body in [{"command": 7}, {"command": []}, {"command": ["a", 1]}, {"command": "true", "timeoutMs": 0},
                 {"command": "true", "timeoutMs": "soon"}, {"command": "true", "env": {"A": 1}},
                 {"command": "true", "env": {"A=B": "x"}}, {"command": "true", "cwd": 1}, {"command": "a\0b"}]:
        assert send(server, body, status=400)["ok"] is False
    answer = run(server, "no-such-program-anywhere")
    assert answer["ok"] is False and "no such program" in answer["error"] and answer["exitCode"] is None


def test_the_guard_is_a_last_warning(server):
    answer = run(server, "rm -rf /nothing-of-this-name")
    assert answer == {"ok": False, "error": "blocked by guard", "exitCode": None,
                      "hint": "removes whole directories by an absolute path"}


def test_every_run_is_in_the_audit_log(server):
    run(server, "echo audited", env={"NAME_ONLY": "value-stays-out"})
    run(server, "rm -rf /nothing-of-this-name")
    path = server.state / "audit.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    begun = [line for line in lines if line.get("command") == "echo audited"]
    assert [line["event"] for line in begun] == ["exec.start", "exec.end"]
    assert begun[0]["caller"] and begun[0]["env"] == ["NAME_ONLY"] and begun[1]["exitCode"] == 0 and begun[1]["time"]
    assert any(line["event"] == "exec.blocked" for line in lines)
    assert "value-stays-out" not in text


def test_it_is_off_by_default_and_needs_its_scope(server, start, tree):
    off = start(tree, config=CONFIG)
    answer = run(off, "echo hello", status=403)
    assert answer["ok"] is False and answer["error"] == "exec disabled"
    made = server.run("token", "create", "--scope", "read,write")
    status, _, raw = server.post("/exec/run", {"command": "true"}, token=False,
                                 headers={"authorization": f"Bearer {made.stdout.strip()}"})
    assert status == 403 and json.loads(raw)["ok"] is False
    assert server.post("/exec/run", {"command": "true"}, token=False)[0] == 401


def test_who_leaves_ends_his_command(server):
    import http.client
    connection = http.client.HTTPConnection(server.host, server.port)
    body = json.dumps({"command": "sleep 876543"})
    connection.request("POST", "/exec/run", body, {"authorization": f"Bearer {server.token}",
                                                   "content-type": "application/json"})
    from support.server import wait_for
    wait_for(lambda: "sleep 876543" in os.popen("ps ax -o args").read(), what="the command")
    connection.close()
    wait_for(lambda: "sleep 876543" not in os.popen("ps ax -o args").read(), what="its end")


def test_at_most_eight_at_once(server):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(server.post("/exec/run", {"command": "sleep 2"})[0]))
               for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(answers)) == [200, 429] and answers.count(200) >= 8
