"""Configuration: precedence, older names, and errors that say where and what instead."""
import json
import socket

import pytest
from support.server import wait_for, run_command


def serve(tmp_path, root, *arguments, **environment):
    """A start that is expected to fail: the exit code and what was said."""
    ran = run_command("serve", "--root", root, "--listen", "127.0.0.1:0", "--state-dir", tmp_path / "state", *arguments,
                      home=tmp_path, timeout=60, **environment)
    return ran.returncode, ran.stderr


def refused(tmp_path, root, text, **environment):
    file = tmp_path / "my.toml"
    file.write_text(text)
    code, said = serve(tmp_path, root, "--config", file, **environment)
    assert code == 2, said
    return said


def test_an_unknown_key_names_file_line_and_the_nearest_key(tmp_path, pathspec_copy):
    said = refused(tmp_path, pathspec_copy, "# a comment\n[server]\n\nlisten_on = \"127.0.0.1:0\"\n")

    assert "my.toml:4" in said
    assert "listen_on" in said
    assert "server.listen" in said or "'listen'" in said or "listen" in said.replace("listen_on", "")


@pytest.mark.parametrize(("text", "line", "words"), [
    ("[server]\ndrain_seconds = \"soon\"\n", 2, ["drain_seconds"]),
    ("[server]\nlisten = \"nowhere\"\n", 2, ["listen", "nowhere"]),
    ("[server]\nlisten = \"127.0.0.1:99999\"\n", 2, ["listen"]),
    ("[sever]\nlisten = \"127.0.0.1:1\"\n", None, ["sever", "server"]),
    ("[log]\nlevel = \"loud\"\n", 2, ["level", "loud", "info"]),
    ("[server\n", 1, []),
    ("[server]\nlisten = \n", 2, []),
    ("[[models]]\nname = \"x\"\nbackend = \"gpt\"\n", 3, ["backend", "gpt"]),
    ("[[models]]\nname = \"x\"\nbackend = \"openai\"\n", None, ["url"]),
    ("[[models]]\nbackend = \"openai\"\nurl = \"http://127.0.0.1:1\"\n", None, ["name"]),
    ("[[models]]\nname = \"x\"\nbackend = \"openai\"\nurl = \"http://127.0.0.1:1\"\nfallback = [\"y\"]\n", None, ["y"]),
    ("[[models]]\nname = \"x\"\nbackend = \"openai\"\nurl = \"http://127.0.0.1:1\"\ncontxt = 5\n", 5, ["contxt", "context"]),
])
def test_a_bad_value_names_its_place(tmp_path, pathspec_copy, text, line, words):
    said = refused(tmp_path, pathspec_copy, text)

    assert f"my.toml:{line}" in said if line else "my.toml" in said
    for word in words:
        assert word in said


def test_a_config_file_that_is_not_there(tmp_path, pathspec_copy):
    code, said = serve(tmp_path, pathspec_copy, "--config", tmp_path / "absent.toml")
    assert code == 3 and "absent.toml" in said


def test_a_root_that_is_not_there(tmp_path):
    code, said = serve(tmp_path, tmp_path / "absent")
    assert code == 3 and "absent" in said


@pytest.mark.parametrize("text", ["[server]\nlisten = \"0.0.0.0:1\"\n", "[auth]\nmode = \"none\"\n", "[[models]]\nname = \"x\"\nbackend = \"openai\"\nurl = \"http://evil.example\"\n",
                                  "[log]\nfile = \"/tmp/owned\"\n", "[model]\npath = \"/tmp/evil.gguf\"\n"])
def test_the_file_in_the_root_may_not_change_the_server(tmp_path, repository, text):
    (repository / "promethean.toml").write_text(text)
    code, said = serve(tmp_path, repository)

    assert code == 2, said
    section = text.split("]")[0].strip("[")
    assert "promethean.toml" in said and section in said


def test_the_file_in_the_root_may_say_what_is_indexed(start, repository):
    (repository / "promethean.toml").write_text("[index]\nexclude_globs = [\"/pathspec/_backends/\"]\n[retrieval]\nmax_citations = 2\n")
    server = start(root=repository)
    ran = server.run("grep", "def ", "--json", "--first", "500")
    paths = {match["path"] for match in json.loads(ran.stdout)["results"]}

    assert any(path.startswith("pathspec/") for path in paths)
    assert not any(path.startswith("pathspec/_backends/") for path in paths)


def test_flags_beat_the_environment_and_it_beats_the_file(start, pathspec_copy):
    server = start(config="[server]\nlisten = \"127.0.0.1:1\"\n[log]\nlevel = \"error\"\n",
                   environment={"PROMETHEAN_SERVER_LISTEN": "127.0.0.1:2", "PROMETHEAN_LOG_LEVEL": "debug", "PROMETHEAN_LOG_JSON": "true"})
    assert server.port > 2
    lines = wait_for(lambda: [json.loads(line) for line in server.log().splitlines() if line.startswith("{")], what="the first log lines")
    assert all({"ts", "level", "msg"} <= set(line) for line in lines)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_older_names_work(start, pathspec_copy, repository):
    port = free_port()
    server = start(root=repository, listen=None, environment={
        "PORT": port, "AUTH_TOKENS": "first-token-abcdef,second-token-abcdef", "LOG_JSON": "1", "LOG_LEVEL": "warning", "EXCLUDE_GLOBS": "/pathspec/_backends/"})

    assert server.port == port
    for token in ("first-token-abcdef", "second-token-abcdef"):
        assert server.get("/v1/models", token=token)[0] == 200
    assert server.get("/v1/models", token="third-token-abcdef")[0] == 401
    assert "first-token" not in server.log()


def test_auth_enabled_false_serves_everybody_on_the_loopback_only(start, tmp_path, pathspec_copy):
    server = start(environment={"AUTH_ENABLED": "false"})
    assert server.get("/v1/models", token=False)[0] == 200
    assert server.get("/v1/models", token=False, headers={"origin": "https://evil.example"})[0] == 403

    ran = run_command("serve", "--root", pathspec_copy, "--listen", "0.0.0.0:0", "--auth", "none", "--state-dir", tmp_path / "s", home=tmp_path, timeout=60)
    assert ran.returncode == 2, ran.stderr


def test_a_bad_value_in_the_environment_names_the_variable(tmp_path, pathspec_copy):
    code, said = serve(tmp_path, pathspec_copy, PROMETHEAN_SERVER_DRAIN_SECONDS="soon")
    assert code == 2 and "PROMETHEAN_SERVER_DRAIN_SECONDS" in said

    code, said = serve(tmp_path, pathspec_copy, PROMETHEAN_SERVER_DRAIN_SECOND="5")
    assert code == 2 and "PROMETHEAN_SERVER_DRAIN_SECONDS" in said


def test_a_secret_is_never_repeated(tmp_path, pathspec_copy):
    said = refused(tmp_path, pathspec_copy, "[auth]\ntokens = [\"very-secret-token-1\", 7]\n")
    assert "very-secret-token-1" not in said


def test_the_key_of_a_model_comes_from_the_environment(start, upstream):
    server = start(config="[server]\nembedded_model = false\n" + upstream.model_table("normal", api_key_env="MY_MODEL_KEY"),
                   environment={"MY_MODEL_KEY": "sk-from-the-environment"})
    status, _, _ = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]})

    assert status == 200
    assert upstream.headers[-1]["authorization"].lower() == "bearer sk-from-the-environment"
    assert "sk-from-the-environment" not in server.log()


def test_the_callers_header_does_not_reach_the_model(start, upstream):
    server = start(config="[server]\nembedded_model = false\n" + upstream.model_table("normal"))
    server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}, headers={"x-api-key": "mine", "cookie": "a=b"})

    assert not {"authorization", "x-api-key", "cookie"} & set(upstream.headers[-1])


def test_unknown_model_default_gets_the_default_models_answer(start, upstream):
    server = start(config="[server]\nembedded_model = false\nunknown_model = \"default\"\n" + upstream.model_table("normal"))
    status, _, raw = server.post("/v1/chat/completions", {"model": "gpt-99", "messages": [{"role": "user", "content": "hi"}]})

    assert status == 200
    assert json.loads(raw)["choices"][0]["message"]["content"] == "The answer is forty-two."


def test_the_embedded_model_stays_beside_others_unless_it_is_turned_off(start, upstream):
    both = start(config=upstream.model_table("normal"))
    names = [model["id"] for model in both.get_json("/v1/models")["data"]]
    assert names[0] == "normal" and len(names) == 2

    one = start(config="[server]\nembedded_model = false\n" + upstream.model_table("normal"))
    assert [model["id"] for model in one.get_json("/v1/models")["data"]] == ["normal"]


def test_the_rate_limit_answers_429_and_when_to_come_back(start, upstream):
    server = start(config="[server]\nembedded_model = false\nrate_per_second = 1\nrate_burst = 5\n" + upstream.model_table("normal"))
    answers = [server.get("/v1/models") for _ in range(12)]

    assert [status for status, _, _ in answers[:5]] == [200] * 5
    limited = [(headers, body) for status, headers, body in answers if status == 429]
    assert limited
    assert int(limited[0][0]["retry-after"]) >= 1
    assert json.loads(limited[0][1])["error"]["message"]
    assert server.is_well()


def test_the_log_goes_to_a_file_and_rotates(start, tmp_path):
    log = tmp_path / "logs" / "promethean.log"
    log.parent.mkdir()
    server = start(environment={"LOG_FILE": log, "LOG_JSON": "true", "LOG_LEVEL": "debug", "PROMETHEAN_LOG_ROTATE_BYTES": 4096, "PROMETHEAN_LOG_ROTATE_KEEP": 2})
    for _ in range(200):
        server.get("/v1/models/absent")
    assert server.stop() == 0

    files = sorted(log.parent.iterdir())
    assert 2 <= len(files) <= 3, files
    for file in files:
        for line in file.read_text().splitlines():
            json.loads(line)
        assert server.token not in file.read_text()
