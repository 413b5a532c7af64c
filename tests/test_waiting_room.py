"""A busy model: who waits, who is refused, and that one caller's crowd does not stand before another caller."""
import pytest
from support.models import CHAT, KINDS, SERVER, assert_error, chat, fresh, new_token
from support.server import wait_for
from support.sse import ChatStream, user
from support.wire import Wire, post


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def busy(start, upstream):
    """busy(waiting, ...): a server with one gated model that answers one request at a time; its first is running."""
    def run(waiting, kind="openai", **entry):
        name = fresh("gate")
        server = start(config=SERVER + upstream.model_table(name, backend=kind, max_concurrency=1, max_waiting=waiting, **entry))
        running = ask(server, server.token, name, "running")
        wait_for(lambda: upstream.of(name).open == 1, what="the first call upstream")
        return server, name, running

    return run


def ask(server, token, model, text, stream=False):
    body = user(text, model=model, stream=stream)
    return Wire(server, timeout=60).send(post(server, CHAT, body, f"Authorization: Bearer {token}", token=False))


def settle(server):
    """After a few round trips every request that was sent before them stands where it belongs."""
    for _ in range(5):
        assert server.is_well()


def refused_of(wires):
    """The answers of those that were sent away by now."""
    return [wire.answer() for wire in wires if wire.has_input()]


def order(upstream, name):
    return [call.text for call in upstream.of(name).calls]


def test_those_who_wait_are_answered_one_after_the_other(busy, upstream, kind):
    server, name, running = busy(64, kind)
    waiting = [ask(server, server.token, name, f"waiting {number}", stream=number % 2 == 0) for number in range(10)]
    settle(server)
    assert order(upstream, name) == ["running"]

    upstream.open_gate(name)
    assert [wire.answer().status for wire in [running, *waiting]] == [200] * 11
    calls = upstream.of(name).calls
    assert all(before.ended <= after.began for before, after in zip(calls, calls[1:])), "two at once"


def test_one_caller_keeps_its_own_order(busy, upstream):
    server, name, _ = busy(64)
    texts = [f"waiting {number}" for number in range(10)]
    waiting = []
    for text in texts:
        waiting.append(ask(server, server.token, name, text))
        settle(server)
    upstream.open_gate(name)

    assert [wire.answer().status for wire in waiting] == [200] * 10
    assert order(upstream, name) == ["running", *texts]


def test_a_single_request_does_not_wait_behind_another_callers_crowd(busy, upstream, kind):
    server, name, _ = busy(64, kind)
    other = new_token(server, "other")
    crowd = [ask(server, server.token, name, f"crowd {number}") for number in range(20)]
    settle(server)
    single = ask(server, other, name, "single")
    settle(server)
    upstream.open_gate(name)

    assert single.answer().status == 200
    assert all(wire.answer().status == 200 for wire in crowd)
    assert order(upstream, name).index("single") <= 2, order(upstream, name)


def test_two_crowds_take_turns(busy, upstream):
    server, name, _ = busy(64)
    other = new_token(server, "other")
    first = [ask(server, server.token, name, "first") for _ in range(10)]
    settle(server)
    second = [ask(server, other, name, "second") for _ in range(10)]
    settle(server)
    upstream.open_gate(name)

    assert all(wire.answer().status == 200 for wire in first + second)
    served = order(upstream, name)[1:]
    assert abs(served[:10].count("first") - 5) <= 1, served


def test_a_full_waiting_room_refuses_with_the_time_to_come_back(busy, upstream, kind):
    server, name, running = busy(4, kind)
    tokens = [server.token, *[new_token(server, f"caller {number}") for number in range(3)]]
    wires = [ask(server, token, name, "waiting") for _ in range(4) for token in tokens]
    wait_for(lambda: sum(wire.has_input() for wire in wires) >= 12, what="twelve of sixteen to be refused")
    settle(server)

    refused = [wire for wire in wires if wire.has_input()]
    for answer in refused_of(refused):
        assert answer.status == 429 and int(answer.headers["retry-after"]) >= 1, answer
        assert b'"rate_limit_exceeded"' in answer.body
    assert len(refused) == 12
    upstream.open_gate(name)
    assert [wire.answer().status for wire in [running, *(wire for wire in wires if wire not in refused)]] == [200] * 5


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_an_ordinary_error(busy, upstream, stream):
    server, name, _ = busy(1)
    waiting = ask(server, server.token, name, "waiting")
    settle(server)
    status, headers, answer = chat(server, user("too many", model=name, stream=stream))

    assert status == 429 and int(headers["retry-after"]) >= 1
    assert assert_error(answer)["code"] == "rate_limit_exceeded"
    assert not waiting.has_input()


def test_one_caller_cannot_fill_the_waiting_room_for_others(busy, upstream, kind):
    server, name, _ = busy(8, kind)
    other = new_token(server, "other")
    crowd = [ask(server, server.token, name, f"crowd {number}") for number in range(50)]
    wait_for(lambda: sum(wire.has_input() for wire in crowd) >= 42, what="most of the crowd to be refused")
    settle(server)
    single = ask(server, other, name, "single")
    settle(server)
    assert not single.has_input(), refused_of([single])

    upstream.open_gate(name)
    assert single.answer().status == 200
    assert order(upstream, name).index("single") <= 2, order(upstream, name)


def test_leaving_the_waiting_room_does_not_disturb_the_one_who_is_served(start, upstream, kind):
    name = fresh("slow")
    server = start(config=SERVER + upstream.model_table(name, backend=kind, max_concurrency=1, max_waiting=32))
    running = ChatStream(server, user("running", model=name))
    reading = iter(running)  # kept: a generator that is dropped closes its stream
    for _ in range(3):
        next(reading)
    waiting = [ask(server, server.token, name, f"waiting {number}", stream=True) for number in range(20)]
    settle(server)
    for wire in waiting:
        wire.socket.close()
    for _ in range(20):
        assert "error" not in next(reading)

    assert upstream.of(name).open == 1 and upstream.of(name).left == 0
    running.close()
    last = ChatStream(server, user("last", model=name))
    next(iter(last))
    last.close()
    assert order(upstream, name) == ["running", "last"], "a client that had left was served"


def test_the_next_is_served_when_the_one_before_leaves(busy, upstream, kind):
    server, name, running = busy(8, kind)
    waiting = ask(server, server.token, name, "waiting")
    settle(server)
    running.socket.close()

    wait_for(lambda: order(upstream, name) == ["running", "waiting"], 10, "the next call upstream")
    upstream.open_gate(name)
    assert waiting.answer().status == 200


def test_a_failure_frees_the_place(start, upstream, kind):
    name = fresh("flaky-3")
    server = start(config=SERVER + upstream.model_table(name, backend=kind, max_concurrency=1, retries=0))
    assert [chat(server, user("hello", model=name))[0] for _ in range(4)] == [503, 503, 503, 200]


def test_a_busy_model_leaves_the_others_alone(start, upstream):
    gate, normal = fresh("gate"), fresh("normal")
    server = start(config=SERVER + upstream.model_table(gate, normal, max_concurrency=1, max_waiting=4))
    crowd = [ask(server, server.token, gate, "crowd") for _ in range(20)]
    settle(server)
    assert chat(server, user("hello", model=normal))[0] == 200
    assert len(crowd) == 20
