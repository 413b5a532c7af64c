"""Conversations that the server keeps: session_id, x-promethean-session, /v1/sessions."""
import json
import re
import signal
import threading

import anthropic
import openai
import pytest
from support.server import Promethean, wait_for
from support.sse import PLAIN, ChatStream

ANSWER = "The answer is forty-two."
BASE = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n"
BEHAVIOURS = ["normal", "echo", "tools", "two-tools", "reasoning", "cut", "slow", "gate", "status-400"]


def configured(upstream, more=""):
    table = "".join(upstream.model_table(name, upstream=f"{name}:sessions", retries=0) for name in BEHAVIOURS)
    table += upstream.model_table("small", upstream="normal:small", context=2048)
    return BASE + more + table


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    with Promethean(tmp_path_factory.mktemp("sessions"), pathspec_copy, configured(upstream)) as running:
        yield running


@pytest.fixture
def session(request):
    return re.sub(r"[^A-Za-z0-9._:-]", "_", request.node.name)


def say(server, session, *messages, model="normal", path="/v1/chat/completions", headers=None, token=True, **more):
    """The status and the answer to new messages; a text is one of the user."""
    messages = [{"role": "user", "content": one} if isinstance(one, str) else one for one in messages]
    body = {"model": model, "messages": messages, "session_id": session, "retrieval": PLAIN, **more}
    status, _, text = server.post(path, {key: value for key, value in body.items() if value is not None}, headers=headers, token=token)
    return status, json.loads(text)


def heard(upstream, name):
    """The last request that the model of this name got."""
    return next(request for request in reversed(upstream.requests) if request["model"] == name)


def spoken(messages):
    return [(message["role"], message.get("content")) for message in messages]


def kept(server, session, token=True):
    status, _, text = server.get(f"/v1/sessions/{session}", token=token)
    return json.loads(text)["messages"] if status == 200 else None


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_sends_only_what_is_new(server, upstream, session, stream):
    for number, text in enumerate(["one", "two", "three"]):
        body = {"model": "normal", "session_id": session, "retrieval": PLAIN, "messages": [{"role": "user", "content": text}]}
        if stream:
            assert ChatStream(server, body).read().text == ANSWER
        else:
            assert say(server, session, text)[0] == 200
        asked = heard(upstream, "normal:sessions")
        assert len(asked["messages"]) == 2 * number + 1 and "session_id" not in asked
    assert spoken(asked["messages"]) == [("user", "one"), ("assistant", ANSWER), ("user", "two"), ("assistant", ANSWER), ("user", "three")]
    assert spoken(kept(server, session)) == [*spoken(asked["messages"]), ("assistant", ANSWER)]


def test_the_header_names_a_session_too(server, upstream, session):
    say(server, None, "one", headers={"x-promethean-session": session})
    say(server, None, "two", headers={"x-promethean-session": session})
    assert len(heard(upstream, "normal:sessions")["messages"]) == 3


def test_the_openai_sdk(server, session):
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.token, max_retries=0)
    for text in ["one", "two"]:
        client.chat.completions.create(model="echo", messages=[{"role": "user", "content": text}], extra_body={"session_id": session})
    assert spoken(kept(server, session)) == [("user", "one"), ("assistant", "one"), ("user", "two"), ("assistant", "two")]


def test_the_anthropic_sdk(server, upstream, session):
    client = anthropic.Anthropic(base_url=server.url, api_key=server.token, max_retries=0)
    for text in ["one", "two"]:
        client.messages.create(model="normal", max_tokens=100, system="Be brief.", messages=[{"role": "user", "content": text}],
                               extra_headers={"x-promethean-session": session, "x-promethean-retrieval": "off"})
    asked = heard(upstream, "normal:sessions")["messages"]
    assert [role for role, _ in spoken(asked)] == ["system", "user", "assistant", "user"]
    say(server, session, "three")
    assert [role for role, _ in spoken(heard(upstream, "normal:sessions")["messages"])] == ["system", "user", "assistant", "user", "assistant", "user"]


def test_a_session_outlives_a_kill(start, upstream):
    server = start(config=configured(upstream))
    say(server, "mine", "one")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server.start()
    say(server, "mine", "two")
    assert spoken(heard(upstream, "normal:sessions")["messages"]) == [("user", "one"), ("assistant", ANSWER), ("user", "two")]


def test_tools_are_called_across_requests(server, upstream, session):
    _, answer = say(server, session, "Look it up", model="tools")
    call = answer["choices"][0]["message"]["tool_calls"][0]
    status, _ = say(server, session, {"role": "tool", "tool_call_id": call["id"], "content": "found"})
    assert status == 200
    asked = heard(upstream, "normal:sessions")["messages"]
    assert [message["role"] for message in asked] == ["user", "assistant", "tool"]
    assert asked[1]["tool_calls"][0]["id"] == call["id"] and asked[1]["tool_calls"][0]["function"] == call["function"]


def test_calls_that_nobody_answered_are_left_out(server, upstream, session):
    say(server, session, "Look it up", model="tools")
    say(server, session, "Never mind")
    assert spoken(heard(upstream, "normal:sessions")["messages"]) == [("user", "Look it up"), ("user", "Never mind")]


def test_thoughts_are_not_kept(server, session):
    say(server, session, "Think", model="reasoning")
    assert set(kept(server, session)[1]) == {"role", "content"}


def test_system_messages_stay_first_and_the_newest_count(server, upstream, session):
    say(server, session, {"role": "system", "content": "old"}, "one")
    say(server, session, "two")
    assert spoken(heard(upstream, "normal:sessions")["messages"])[0] == ("system", "old")
    say(server, session, "three", {"role": "developer", "content": "new"})
    assert [content for _, content in spoken(heard(upstream, "normal:sessions")["messages"])] == ["new", "one", ANSWER, "two", ANSWER, "three"]


def test_a_client_that_sends_everything_again_is_understood(server, upstream, session):
    say(server, session, "one")
    say(server, session, "one", {"role": "assistant", "content": ANSWER}, "two")
    assert len(heard(upstream, "normal:sessions")["messages"]) == 3 and len(kept(server, session)) == 4


@pytest.mark.parametrize("model, stream", [("cut", False), ("cut", True), ("status-400", False)])
def test_an_answer_that_broke_off_is_not_kept(server, session, model, stream):
    say(server, session, "one")
    if stream:
        ChatStream(server, {"model": model, "session_id": session, "messages": [{"role": "user", "content": "two"}]}).read()
    else:
        say(server, session, "two", model=model)
    assert spoken(kept(server, session)) == [("user", "one"), ("assistant", ANSWER)]


def test_an_answer_whose_client_left_is_not_kept(server, upstream, session):
    answer = ChatStream(server, {"model": "slow", "session_id": session, "messages": [{"role": "user", "content": "one"}]})
    next(iter(answer))
    answer.close()
    status, _ = say(server, session, "two")
    assert status == 200, "its turn was over when it left"
    assert spoken(kept(server, session)) == [("user", "two"), ("assistant", ANSWER)]


def test_requests_of_one_session_take_turns(server, upstream, session):
    threads = [threading.Thread(target=say, args=(server, session, f"number {number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = kept(server, session)
    assert [message["role"] for message in messages] == ["user", "assistant"] * 8
    assert {message["content"] for message in messages[::2]} == {f"number {number}" for number in range(8)}


def test_a_second_request_waits_and_others_do_not(server, upstream, session):
    results = {}

    def run(name, of, text, model):
        results[name] = say(server, of, text, model=model)

    first = threading.Thread(target=run, args=("first", session, "one", "gate"))
    first.start()
    wait_for(lambda: upstream.of("gate:sessions").calls, what="the first to reach its model")
    second = threading.Thread(target=run, args=("second", session, "two", "normal"))
    second.start()
    assert say(server, session + "-other", "three")[0] == 200
    assert "second" not in results
    upstream.open_gate("gate:sessions")
    first.join()
    second.join()
    assert spoken(kept(server, session)) == [("user", "one"), ("assistant", ANSWER), ("user", "two"), ("assistant", ANSWER)]


def test_the_oldest_turns_go_when_the_model_is_small(server, upstream, session):
    say(server, session, {"role": "system", "content": "rules"}, "first " * 300)
    for number in range(6):
        status, _ = say(server, session, f"{number} " + "word " * 300, model="small", max_tokens=200)
        assert status == 200
    asked = spoken(heard(upstream, "normal:small")["messages"])
    assert asked[0] == ("system", "rules") and asked[1][0] == "user" and asked[-1][1].startswith("5 ")
    assert 2 < len(asked) < 10 and not any(content.startswith("first") for _, content in asked)
    assert len(kept(server, session)) == 15, "a model with more room may still have it all"


def test_a_session_has_two_hundred_messages_at_most(server, upstream, session):
    for number in range(30):
        messages = []
        for turn in range(4):
            messages += [f"{number}.{turn}", {"role": "assistant", "content": "yes"}]
        say(server, session, *messages, f"{number}.end", model="echo")
    messages = kept(server, session)
    assert 195 <= len(messages) <= 200 and messages[0]["role"] == "user" and messages[-1]["content"] == "29.end"


def test_a_request_that_no_session_can_hold(start, upstream):
    server = start(config=configured(upstream).replace("[server]\n", "[server]\nmax_body_bytes = 8000000\n"))
    status, answer = say(server, "large", "x" * 3_000_000)
    assert status == 400 and answer["error"]["param"] == "messages" and "session" in answer["error"]["message"]


def test_the_oldest_session_of_an_owner_is_forgotten(start, upstream):
    server = start(config=configured(upstream))
    for number in range(103):
        say(server, f"s{number}", "hello")
    ids = [one["id"] for one in server.get_json("/v1/sessions")["sessions"]]
    assert ids == [f"s{number}" for number in range(102, 2, -1)]


def test_old_sessions_are_forgotten(start, upstream):
    server = start(config=configured(upstream, "[storage]\nsession_days = 2\n"))
    say(server, "old", "hello")
    say(server, "young", "hello")
    server.stop()
    import sqlite3
    with sqlite3.connect(server.state / "promethean.db") as database:
        assert database.execute("UPDATE sessions SET used_ms = used_ms - 3 * 86400000 WHERE id = 'old'").rowcount == 1
    server.start()
    wait_for(lambda: [one["id"] for one in server.get_json("/v1/sessions")["sessions"]] == ["young"], what="the old one to go")


def test_sessions_are_their_owners_alone(server, upstream, session):
    other = server.run("token", "create", "--scope", "read,write").stdout.strip()
    say(server, session, "mine")
    assert kept(server, session, token=other) is None
    status, _, text = server.get(f"/v1/sessions/{session}", token=other)
    assert status == 404 and json.loads(text)["code"] == "not_found"
    assert server.request("DELETE", f"/v1/sessions/{session}", token=other)[0] == 404
    assert session not in server.get("/v1/sessions", token=other)[2].decode()
    say(server, session, "theirs", token=other)
    assert spoken(heard(upstream, "normal:sessions")["messages"]) == [("user", "theirs")], "the same id is another session"
    assert spoken(kept(server, session))[0] == ("user", "mine")


def test_listing_reading_forgetting(server, session):
    say(server, session, "one")
    [listed] = [one for one in server.get_json("/v1/sessions")["sessions"] if one["id"] == session]
    assert listed["message_count"] == 2 and listed["created_at"] <= listed["last_used_at"] and "messages" not in listed
    status, _, text = server.request("DELETE", f"/v1/sessions/{session}")
    assert status == 200 and json.loads(text) == {"ok": True, "id": session, "deleted": True}
    assert kept(server, session) is None and server.request("DELETE", f"/v1/sessions/{session}")[0] == 404


@pytest.mark.parametrize("wrong", ["", " ", "a b", "a/b", "ü", "x" * 129, 7, ["a"]])
def test_ids_that_are_none(server, wrong):
    status, answer = say(server, wrong, "hello")
    assert status == 400 and answer["error"]["param"] == "session_id", answer
    if isinstance(wrong, str) and wrong.strip() and wrong.isascii():
        status, answer = say(server, None, "hello", headers={"x-promethean-session": wrong})
        assert status == 400 and answer["error"]["param"] == "session_id"


def test_null_is_no_session(server):
    status, _, text = server.post("/v1/chat/completions", {"model": "normal", "session_id": None, "messages": [{"role": "user", "content": "hello"}]})
    assert status == 200


def test_responses_have_their_own(server, session):
    status, _, text = server.post("/v1/responses", {"model": "normal", "input": "hello"}, headers={"x-promethean-session": session})
    assert status == 400 and "previous_response_id" in json.loads(text)["error"]["message"]


def test_excerpts_are_not_kept(server, upstream, session):
    say(server, session, "How does the GitIgnoreSpec class match a path?", retrieval={"enabled": True})
    assert "Excerpts" in heard(upstream, "normal:sessions")["messages"][0]["content"]
    assert kept(server, session)[0]["content"] == "How does the GitIgnoreSpec class match a path?"


def test_a_replay_asks_what_was_said_then_and_leaves_the_session_alone(start, upstream):
    server = start(config=configured(upstream, '[artifacts]\nmode = "full"\n'))
    say(server, "talk", "one")
    status, headers, _ = server.post("/v1/chat/completions", {"model": "normal", "session_id": "talk", "messages": [{"role": "user", "content": "two"}]})
    exchange = headers["x-promethean-exchange"]
    say(server, "talk", "three")
    wait_for(lambda: (server.state / "docs" / f"{exchange}.md").exists(), what="the exchange's file")
    ran = server.run("replay", exchange, "--json", "--config", server.config_file)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert spoken(heard(upstream, "normal:sessions")["messages"]) == [("user", "one"), ("assistant", ANSWER), ("user", "two")]
    assert len(kept(server, "talk")) == 6
