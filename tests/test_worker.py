"""The local model's process: it dies, it is left, it is idle; the server and the next answer do not suffer."""
import os
import signal

import pytest
from support.server import wait_for
from support.sse import PLAIN, ChatStream, user
from support.wire import Wire, post

pytestmark = pytest.mark.model

LONG = dict(retrieval=PLAIN, max_tokens=600, temperature=0)


def stream_some(server, pieces=3):
    """A long plain answer of the real model, read until it runs."""
    stream = ChatStream(server, user("Count from one to five hundred in words.", **LONG))
    reader = iter(stream)
    got = 0
    for event in reader:
        got += any(choice["delta"].get("content") for choice in event.get("choices", []))
        if got >= pieces:
            return stream, reader
    raise AssertionError(f"the answer ended after {got} pieces: {stream.events}")


def test_a_killed_worker_ends_the_answer_with_an_error_and_the_next_one_works(start):
    server = start()
    stream, reader = stream_some(server)
    worker = server.worker_pid()
    assert worker
    os.kill(worker, signal.SIGKILL)
    for _ in reader:
        pass

    assert stream.error and stream.error["message"]
    assert not stream.done and stream.finish_reason is None
    assert server.is_well()

    again = ChatStream(server, user("Say hello.", retrieval=PLAIN, max_tokens=8)).read()
    assert again.done and not again.error
    assert server.worker_pid() not in (None, worker)


def test_a_worker_that_is_killed_again_and_again_does_not_take_the_server_along(start):
    server = start()
    for _ in range(3):
        stream, reader = stream_some(server, 1)
        os.kill(server.worker_pid(), signal.SIGKILL)
        for _ in reader:
            pass
        assert stream.error and not stream.done
        assert server.is_well()

    last = ChatStream(server, user("Say hello.", retrieval=PLAIN, max_tokens=8)).read()
    assert last.done and not last.error


def test_a_client_that_leaves_stops_the_worker_within_one_token(start):
    server = start()
    stream, _ = stream_some(server)
    stream.close()

    wait_for(lambda: server.metric("promethean_worker_cancelled_total") >= 1, 20, "the worker to be cancelled")
    assert server.metric("promethean_worker_tokens_after_cancel_total") <= 1

    again = ChatStream(server, user("Say hello.", retrieval=PLAIN, max_tokens=8)).read()
    assert again.done and not again.error


def test_the_worker_listens_where_only_the_user_can_reach_it(start):
    server = start()
    stream, _ = stream_some(server, 1)
    pid = server.worker_pid()
    sockets = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    inodes = {name[8:-1] for name in sockets if name.startswith("socket:")}
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}") as lines:
            assert not [line for line in lines if line.split()[9] in inodes], "the worker has a TCP socket"
    stream.close()


def test_the_worker_does_not_outlive_the_server(start):
    server = start()
    stream, _ = stream_some(server, 1)
    worker = server.worker_pid()
    stream.close()
    server.process.kill()
    server.process.wait()

    wait_for(lambda: not os.path.exists(f"/proc/{worker}"), 20, "the worker to end with its server")


def test_requests_queue_and_then_are_refused(start):
    """The local model takes one at a time: the rest waits, and past the bound is told to come back later."""
    server = start(environment={"PROMETHEAN_MODEL_QUEUE": 2})
    first, _ = stream_some(server, 1)
    waiting = []
    for _ in range(8):
        wire = Wire(server)
        wire.send(post(server, "/v1/chat/completions", user("Say hello.", retrieval=PLAIN, max_tokens=4)))
        waiting.append(wire)
    refused = wait_for(lambda: [wire for wire in waiting if wire.has_input()], what="a refusal")
    answer = refused[0].answer()
    assert answer.status in (429, 503), answer
    assert int(answer.headers["retry-after"]) >= 1
    first.close()
    for wire in waiting:
        wire.socket.close()
    assert server.is_well()
