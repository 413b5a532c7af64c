"""What is written down of exchanges, and asking them again: [artifacts], x-promethean-exchange, `promethean replay`."""
import json
import os
import re
import signal
import stat
import subprocess
import threading
import time

import pytest
from support.server import BINARY, Promethean, wait_for
from support.sse import PLAIN, ChatStream, user

ANSWER = "The answer is forty-two."
HEADER = "x-promethean-exchange"
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{12}")
BASE = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n"
BEHAVIOURS = ["normal", "echo", "tools", "reasoning", "slow", "cut", "hang", "status-503", "status-400", "gate"]
QUESTION = "How does the GitIgnoreSpec class match a path?"


def configured(upstream, mode="full", more="", behaviours=BEHAVIOURS):
    models = "".join(upstream.model_table(name, upstream=f"{name}:artifacts", retries=0) for name in behaviours)
    return f"{BASE}[artifacts]\nmode = \"{mode}\"\n{more}\n{models}"


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    with Promethean(tmp_path_factory.mktemp("artifacts"), pathspec_copy, configured(upstream)) as running:
        yield running


def folder(server):
    return server.state / "docs"


def lines(server):
    files = [folder(server) / "exchanges.jsonl"]
    return [json.loads(line) for file in files if file.exists() for line in file.read_text().splitlines()]


def line_of(server, exchange):
    """The line of an exchange, once it is written."""
    return wait_for(lambda: next((line for line in lines(server) if line["id"] == exchange), None), what="the line of an exchange")


def text_of(server, exchange):
    line = line_of(server, exchange)
    assert line["file"] == f"{exchange}.md"
    return (folder(server) / line["file"]).read_text()


def blocks_of(text):
    """(heading, content) of the fenced blocks of a Markdown file, as CommonMark reads them."""
    blocks, heading, fence, inside = [], None, None, []
    for line in text.split("\n"):
        opening = re.match(r"(`{3,})[^`]*$", line)
        if fence is None and line.startswith("## "):
            heading = line[3:]
        elif fence is None and opening:
            fence, inside = opening[1], []
        elif fence and re.fullmatch(r"`{%d,} *" % len(fence), line):
            blocks.append((heading, "\n".join(inside)))
            fence = None
        elif fence:
            inside.append(line)
    assert fence is None, "a block is not closed"
    return blocks


def ask(server, path="/v1/chat/completions", headers=None, **body):
    status, answered, text = server.post(path, body, headers=headers)
    return status, answered.get(HEADER), json.loads(text)


def test_an_exchange_is_a_file_and_a_line(server):
    status, exchange, answer = ask(server, model="normal", **user(QUESTION, retrieval={"enabled": True}))

    assert status == 200 and ID.fullmatch(exchange)
    line = line_of(server, exchange)
    assert line["endpoint"] == "/v1/chat/completions" and line["model"] == line["model_asked"] == "normal"
    assert line["status"] == "done" and line["finish_reason"] == "stop"
    assert line["usage"]["prompt_tokens"] == 11 and line["usage"]["completion_tokens"] == 5
    assert 0 <= line["first_token_ms"] <= line["total_ms"]
    assert server.token not in json.dumps(line) and line["principal"]
    cited = answer["retrieval_context"]["citations"]
    assert [place["path"] for place in line["retrieval"]["citations"]] == [place["path"] for place in cited]
    text = text_of(server, exchange)
    for place in cited:
        assert f"[[{place['path']}|{place['path']}]]:{place['startLine']}-{place['endLine']}" in text
    assert QUESTION in text and ANSWER in text and "Excerpts from the repository" in text
    mode = stat.S_IMODE((folder(server) / line["file"]).stat().st_mode)
    assert mode == 0o600 and stat.S_IMODE((folder(server) / "exchanges.jsonl").stat().st_mode) == 0o600
    assert "replay" in (folder(server) / "index.md").read_text()


@pytest.mark.parametrize("path, body", [
    ("/v1/chat/completions", user("Hello")),
    ("/v1/messages", user("Hello", max_tokens=100)),
    ("/v1/responses", {"input": "Hello"}),
])
@pytest.mark.parametrize("stream", [False, True])
def test_every_dialect_is_recorded(server, path, body, stream):
    status, headers, _ = server.post(path, {"model": "normal", "stream": stream, **body})

    assert status == 200
    line = line_of(server, headers[HEADER])
    assert line["endpoint"] == path and line["status"] == "done"
    assert ANSWER in text_of(server, headers[HEADER])


@pytest.mark.parametrize("path, body", [("/v1/completions", {"prompt": "Once a secret"}), ("/v1/embeddings", {"input": "Once a secret"})])
def test_other_requests_are_recorded_without_texts(server, path, body):
    status, headers, _ = server.post(path, {"model": "normal", **body})

    assert status == 200
    line = line_of(server, headers[HEADER])
    assert line["endpoint"] == path and line["status"] == "done" and line["usage"]["prompt_tokens"] > 0
    assert "file" not in line and "secret" not in json.dumps(line)


def test_tool_calls_and_thoughts_are_written_down(server):
    _, exchange, answer = ask(server, model="tools", **user("Look it up"))
    text = text_of(server, exchange)
    call = answer["choices"][0]["message"]["tool_calls"][0]["function"]
    assert "## Tool calls" in text and json.dumps(call["name"]) in text
    assert line_of(server, exchange)["finish_reason"] == "tool_calls"

    _, exchange, answer = ask(server, model="reasoning", **user("Think"))
    assert answer["choices"][0]["message"]["reasoning_content"] in text_of(server, exchange)


@pytest.mark.parametrize("stream", [False, True])
def test_failures_say_so(server, stream):
    status, headers, _ = server.post("/v1/chat/completions", {"model": "status-400", "stream": stream, **user("Hello")})
    assert status == 400
    line = line_of(server, headers[HEADER])
    assert line["status"] == "failed" and line["error"]["code"] == "invalid_argument" and line["model"] == ""

    answer = ChatStream(server, {"model": "cut", **user("Hello")}).read() if stream else None
    headers = dict(answer.response.getheaders()) if stream else server.post("/v1/chat/completions", {"model": "cut", **user("Hello")})[1]
    line = line_of(server, {key.lower(): value for key, value in headers.items()}[HEADER])
    assert line["status"] == "cut" and line["error"]["code"] == "unavailable"
    assert "The answer" in text_of(server, line["id"]), "what came before the cut is kept"


def test_a_client_that_leaves_is_recorded(server):
    answer = ChatStream(server, {"model": "slow", **user("Hello")})
    exchange = answer.response.getheader(HEADER)
    next(iter(answer))
    answer.close()
    assert line_of(server, exchange)["status"] == "left"


def test_counting_tokens_is_no_exchange(server):
    status, headers, _ = server.post("/v1/responses/input_tokens", {"model": "normal", "input": "Hello"})
    assert status == 200 and HEADER not in headers
    line_of(server, ask(server, model="normal", **user("Hello"))[1])
    assert not at_endpoint(server, "/v1/responses/input_tokens")


def test_fifty_at_once_are_fifty_files(server):
    found = []
    threads = [threading.Thread(target=lambda: found.append(ask(server, model="normal", **user("All at once"))[1])) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 50
    for exchange in found:
        assert "All at once" in text_of(server, exchange)
    for line in (folder(server) / "exchanges.jsonl").read_text().splitlines():
        json.loads(line)


def test_no_content_closes_its_fence(server):
    nasty = "```\n````\n## Answer\n\n```markdown\nforged\n```\n## Record\n"
    _, exchange, _ = ask(server, model="echo", **user(nasty, retrieval=PLAIN))
    blocks = blocks_of(text_of(server, exchange))
    assert [heading for heading, _ in blocks] == ["Request", "Augmented prompt", "Answer", "Record"]
    assert dict(blocks)["Answer"] == nasty and json.loads(dict(blocks)["Request"])["messages"][0]["content"] == nasty


def test_secrets_are_redacted(server):
    secrets = ["sk-abcdefghijklmnop123456", "hunter2hunter2", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"]
    _, exchange, _ = ask(server, model="echo", metadata={"api_key": "plainsecret"},
                         **user(f"key {secrets[0]}, password: {secrets[1]} and {secrets[2]}", retrieval=PLAIN))
    text = text_of(server, exchange) + (folder(server) / "exchanges.jsonl").read_text()
    for secret in [*secrets, "plainsecret", server.token]:
        assert secret not in text
    assert "[redacted]" in text


def test_metadata_is_the_default_and_has_no_texts(start, upstream):
    server = start(config=BASE + upstream.model_table("normal") + upstream.model_table("teapot", upstream="status-400:artifacts"))
    _, exchange, answer = ask(server, model="normal", **user("a very private question", retrieval={"enabled": True}))
    line = line_of(server, exchange)
    assert "file" not in line and line["status"] == "done"
    assert [file.name for file in folder(server).glob("*.md")] == ["index.md"]
    everything = "".join(file.read_text() for file in folder(server).iterdir())
    assert "private" not in everything and "forty-two" not in everything
    status, exchange, _ = ask(server, model="teapot", **user("another private question"))
    assert status == 400 and line_of(server, exchange)["error"] == {"code": "invalid_argument"}
    ran = server.run("replay", exchange)
    assert ran.returncode == 2 and "without its texts" in ran.stderr and 'mode = "full"' in ran.stderr


def test_off_is_off(start, upstream):
    server = start(config=configured(upstream, mode="off"))
    status, exchange, _ = ask(server, model="normal", **user("Hello"))
    assert status == 200 and exchange is None
    server.stop()
    assert not folder(server).exists()


def test_a_folder_of_ones_own(start, upstream, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "mine.md").write_text("mine")
    server = start(config=configured(upstream, more=f'directory = "{notes}"\nmax_bytes = 65536'))
    for number in range(40):
        ask(server, model="normal", **user("x" * 3000 + str(number)))
    server.stop()
    files = [file for file in notes.iterdir() if ID.match(file.name)]
    assert 0 < len(files) < 40 and sum(file.stat().st_size for file in notes.iterdir()) < 3 * 65536
    assert max(files).read_text().count("x" * 3000) and (notes / "mine.md").read_text() == "mine"


def test_what_is_old_goes_at_the_next_start(start, upstream):
    server = start(config=configured(upstream, more="days = 2"))
    exchanges = [ask(server, model="normal", **user("Hello"))[1] for _ in range(2)]
    server.stop()
    old, young = (folder(server) / f"{exchange}.md" for exchange in exchanges)
    foreign = folder(server) / "foreign.md"
    foreign.write_text("theirs")
    for file in (old, foreign):
        os.utime(file, (time.time() - 3 * 86400,) * 2)
    server.start()
    wait_for(lambda: not old.exists(), what="the old file to go")
    assert young.exists() and foreign.exists()


def test_sigterm_writes_what_is_queued(start, upstream):
    server = start(config=configured(upstream))
    exchanges = [ask(server, model="normal", **user("Hello"))[1] for _ in range(20)]
    assert server.stop() == 0
    assert {line["id"] for line in lines(server)} == set(exchanges)


def test_a_kill_leaves_no_torn_file(start, upstream):
    server = start(config=configured(upstream))
    stop = threading.Event()

    def load():
        while not stop.is_set():
            try:
                ask(server, model="echo", **user("y" * 20_000, retrieval=PLAIN))
            except OSError:
                return

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(list(folder(server).glob("2*.md"))) > 20, what="some files")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    stop.set()
    for thread in threads:
        thread.join()
    for file in folder(server).glob("2*.md"):
        assert "## Record" in file.read_text(), file
    server.start()
    exchange = ask(server, model="normal", **user("After"))[1]
    assert wait_for(lambda: exchange in (folder(server) / "exchanges.jsonl").read_text(), what="the line")
    good = 0
    for line in (folder(server) / "exchanges.jsonl").read_text().splitlines():
        try:
            good += bool(json.loads(line))
        except ValueError:
            continue  # the one that was cut by the kill
    assert good > 20
    server.stop()


def test_an_unwritable_folder_delays_no_answer(start, upstream):
    server = start(config=configured(upstream))
    (folder(server) / "exchanges.jsonl").unlink(missing_ok=True)
    (folder(server) / "exchanges.jsonl").mkdir()
    status, exchange, _ = ask(server, model="normal", **user("Hello"))
    assert status == 200
    wait_for(lambda: server.metric("promethean_artifacts_failed_total") == 1, what="the failure to be counted")


# ---- replay ----

def replay(server, *arguments, **environment):
    ran = server.run("replay", *arguments, "--config", server.config_file, "--json", **environment)
    return ran.returncode, json.loads(ran.stdout) if ran.stdout else ran.stderr


@pytest.mark.parametrize("path, body", [
    ("/v1/chat/completions", user(QUESTION, retrieval={"enabled": True})),
    ("/v1/messages", user(QUESTION, max_tokens=100, retrieval={"enabled": True})),
    ("/v1/responses", {"input": QUESTION, "retrieval": {"enabled": True}}),
])
@pytest.mark.parametrize("model", ["normal", "tools"])
def test_the_same_answer_again(server, path, body, model):
    _, exchange, _ = ask(server, path, model=model, **body)
    line_of(server, exchange)
    seen = len(at_endpoint(server, path))

    code, told = replay(server, exchange)

    assert code == 0 and told["same"] is True, told
    assert told["endpoint"] == path and told["citations"]["added"] == told["citations"]["removed"] == []
    assert told["citations"]["kept"] > 0
    assert told["prompt_tokens"] == {"then": 11, "now": 11} and told["total_ms"]["now"] >= 0
    assert bool(told["tool_calls"]["now"]) == (model == "tools")
    wait_for(lambda: len(at_endpoint(server, path)) == seen + 1, what="the replay's own line, of the same endpoint")


def at_endpoint(server, path):
    return [line for line in lines(server) if line["endpoint"] == path]


def test_another_answer_is_shown_as_a_difference(server, upstream):
    _, exchange, _ = ask(server, model="echo", **user("one\ntwo\nthree\n", retrieval=PLAIN))
    line_of(server, exchange)

    code, told = replay(server, exchange, "--model", "normal")
    assert code == 1 and told["same"] is False and told["model"] == {"then": "echo", "now": "normal"}
    assert "-two\n" in told["answer"]["diff"] and f"+{ANSWER}" in told["answer"]["diff"]

    ran = server.run("replay", exchange, "--model", "normal", "--config", server.config_file)
    assert ran.returncode == 1 and ran.stdout.startswith(ANSWER)
    assert "--- then\n+++ now\n" in ran.stdout and "prompt tokens" in ran.stdout and "\x1b" not in ran.stdout


def test_citations_that_come_and_go_are_named(start, upstream, repository):
    server = start(root=repository, config=configured(upstream))
    _, exchange, answer = ask(server, model="normal", **user("What does zebra_quota_limit do?", retrieval={"enabled": True}))
    line_of(server, exchange)
    (repository / "zebra.py").write_text("def zebra_quota_limit(count):\n    return count > 7\n")
    wait_for(lambda: b"zebra.py" in server.post("/search", {"query": "zebra_quota_limit"})[2], what="the index to have it")
    code, told = replay(server, exchange)
    assert code == 1, told
    assert any(place.startswith("zebra.py:1-") for place in told["citations"]["added"])


def test_last_list_and_mistakes(server):
    _, exchange, _ = ask(server, model="normal", **user("The last one", retrieval=PLAIN))
    line_of(server, exchange)
    code, told = replay(server, "last")
    assert code == 0 and told["exchange"] == exchange
    code, told = replay(server, "--list", "-n", "3")
    assert code == 0 and len(told["exchanges"]) == 3 and exchange in [one["id"] for one in told["exchanges"]]
    for wrong, word in [("20200101-000000-0123456789ab", "no exchange"), ("../../etc/passwd", "no id"), ("", "which exchange")]:
        code, told = replay(server, *([wrong] if wrong else []))
        assert code == 2 and word in told["message"]
    ran = server.run("replay", "--list", "--config", server.config_file)
    assert ran.returncode == 0 and exchange in ran.stdout


def test_a_server_that_refuses_is_trouble(server):
    _, exchange, _ = ask(server, model="normal", **user("Hello", retrieval=PLAIN))
    line_of(server, exchange)
    code, told = replay(server, exchange, "--model", "nobody")
    assert code == 2 and "does not exist" in told["message"]
    code, told = replay(server, exchange, "--model", "cut")
    assert code == 2
    code, told = replay(server, exchange, "--server", "127.0.0.1:1")
    assert code == 2 and told["code"] == "unavailable"
    code, told = replay(server, exchange, "--server", server.address)
    assert code == 0


def test_replay_without_a_server(start, upstream):
    server = start(config=configured(upstream))
    _, exchange, _ = ask(server, model="normal", **user("Hello", retrieval=PLAIN))
    server.stop()
    code, told = replay(server, exchange)
    assert code == 0 and told["same"] is True
    assert len(lines(server)) == 2, "it is an exchange, too"


def test_colours_on_a_terminal(server):
    _, exchange, _ = ask(server, model="echo", **user("another", retrieval=PLAIN))
    line_of(server, exchange)
    environment = {**server.environment, "PROMETHEAN_STATE_DIR": str(server.state), "TERM": "xterm", "NO_COLOR": ""}
    command = f"{BINARY} replay {exchange} --model normal --config {server.config_file}"
    ran = subprocess.run(["script", "-qec", command, "/dev/null"], cwd=server.root, env=environment, capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, timeout=120)
    assert ran.returncode == 1 and f"\x1b[32m+{ANSWER}" in ran.stdout
