"""Backends that misbehave: an HTTP error before the first token, an error in the stream after it, never a clean end."""
import socket
import time

import pytest
from support.models import CHAT, KINDS, SERVER, assert_error, chat, fresh, gone
from support.server import Promethean, wait_for
from support.sse import ChatStream, user
from support.wire import Wire, post

EARLY = {
    "status-400": {400}, "status-401": {503}, "status-403": {503}, "status-404": {404}, "status-429": {429},
    "status-500": {502, 503}, "status-503": {503}, "status-529": {502, 503},
    "html": {502, 503}, "empty": {502, 503}, "cut-first": {502, 503}, "error-first": {502, 503},
}
LATE = ["cut", "malformed", "short", "error"]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    """No retries, and each name is asked too seldom to open its circuit breaker."""
    tables = [upstream.model_table(*[f"{name}:{kind}" for name in [*EARLY, *LATE]], backend=kind, retries=0) for kind in KINDS]
    with Promethean(tmp_path_factory.mktemp("faults"), pathspec_copy, SERVER + "".join(tables)) as running:
        yield running


def ends_in_an_error(stream):
    """The answer began and broke: what the client must see of it."""
    stream.read()
    assert stream.status == 200
    assert stream.error, "a broken answer without an error"
    assert_error({"error": stream.error})
    assert not stream.done, "[DONE] after an error would look like a whole answer"
    assert stream.finish_reason is None
    assert stream.cut, "the connection ended as if all were well"
    return stream


# ---- before the first token ----


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", EARLY)
def test_a_fault_before_the_first_token_is_an_http_error(server, kind, fault, stream):
    status, headers, answer = chat(server, user("hello", model=f"{fault}:{kind}", stream=stream))

    assert status in EARLY[fault], answer
    assert headers["content-type"].startswith("application/json")
    error = assert_error(answer)
    if status in (429, 503):
        assert int(headers["retry-after"]) >= 1
    if status == 400:
        assert "upstream says 400" in error["message"], "the backend knows what is wrong with the request"
    if status == 404:
        assert error["code"] == "model_not_found"
    if status == 429:
        assert error["code"] == "rate_limit_exceeded"
        assert int(headers["retry-after"]) <= 7
    if fault in ("status-401", "status-403"):
        assert "the backend refused our credential" in error["message"]
    assert server.is_well()


def test_a_backend_that_is_not_there_is_unavailable(start, kind, upstream):
    server = start(config=SERVER + upstream.model_table("gone", backend=kind, url="http://127.0.0.1:9", retries=0))
    for stream in (False, True):
        status, headers, answer = chat(server, user("hello", model="gone", stream=stream))
        assert status == 503 and int(headers["retry-after"]) >= 1
        assert_error(answer)


# ---- after it ----


@pytest.mark.parametrize("fault", LATE)
def test_a_stream_that_breaks_ends_with_an_error_event_and_a_cut_connection(server, kind, fault):
    stream = ends_in_an_error(ChatStream(server, user("hello", model=f"{fault}:{kind}")))

    assert stream.text == "The answer "
    if fault == "error":
        assert "the upstream broke" in stream.error["message"]
    assert server.is_well()


@pytest.mark.parametrize("fault", LATE)
def test_a_broken_answer_is_never_handed_out_as_a_whole_one(server, kind, fault):
    status, _, answer = chat(server, user("hello", model=f"{fault}:{kind}"))

    assert status in (502, 503)
    assert_error(answer)


def test_a_hundred_of_a_hundred_broken_answers_are_visible(start, kind, upstream):
    """In mid-stream, and at once while the circuit breaker is open."""
    name = fresh("cut")
    server = start(config=SERVER + upstream.model_table(name, backend=kind, retries=0, max_concurrency=100))
    for stream in [ChatStream(server, user("hello", model=name)) for _ in range(100)]:
        if stream.status == 200:
            ends_in_an_error(stream)
        else:
            assert stream.status in (502, 503), stream.status
            stream.close()
    assert server.is_well()


# ---- time limits ----


def limited(start, upstream, kind, name, **limits):
    return start(config=SERVER + upstream.model_table(name, backend=kind, retries=0, **limits))


@pytest.mark.parametrize("stream", [False, True])
def test_a_backend_that_never_answers_is_given_up(start, upstream, kind, stream):
    name = fresh("hang")
    server = limited(start, upstream, kind, name, first_token_timeout_seconds=1)
    began = time.monotonic()
    status, _, answer = chat(server, user("hello", model=name, stream=stream))

    assert status in (503, 504)
    assert_error(answer)
    assert 0.9 < time.monotonic() - began < 15
    wait_for(lambda: upstream.of(name).left == 1, 5, "the call upstream to be closed")


def test_a_backend_that_falls_silent_is_given_up(start, upstream, kind):
    name = fresh("stall")
    server = limited(start, upstream, kind, name, idle_timeout_seconds=1)

    assert ends_in_an_error(ChatStream(server, user("hello", model=name))).text == "The answer "
    wait_for(lambda: upstream.of(name).left == 1, 5, "the call upstream to be closed")


def test_a_backend_that_never_comes_to_an_end_is_given_up(start, upstream, kind):
    name = fresh("slow")
    server = limited(start, upstream, kind, name, total_timeout_seconds=1, first_token_timeout_seconds=1, idle_timeout_seconds=1)

    assert ends_in_an_error(ChatStream(server, user("hello", model=name))).text.startswith("word word ")
    wait_for(lambda: upstream.of(name).left == 1, 5, "the call upstream to be closed")


def test_a_backend_that_keeps_speaking_is_not_given_up(start, upstream, kind):
    name = fresh("slow")
    server = limited(start, upstream, kind, name, first_token_timeout_seconds=1, idle_timeout_seconds=1)
    began = time.monotonic()
    stream = ChatStream(server, user("hello", model=name))
    for _ in stream:
        if time.monotonic() - began > 2.5:
            break
    assert not stream.error and time.monotonic() - began > 2.5
    stream.close()


def test_a_backend_that_accepts_no_connection_is_given_up(start, upstream, kind):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]  # they fill the backlog: the next SYN is not answered
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        server = limited(start, upstream, kind, "full", url=url, connect_timeout_seconds=1)
        began = time.monotonic()
        status, _, answer = chat(server, user("hello", model="full"))
        for one in waiting:
            one.close()

    assert status in (503, 504)
    assert_error(answer)
    assert time.monotonic() - began < 15


def test_one_backend_that_hangs_leaves_the_others_alone(start, upstream, kind):
    hang, normal = fresh("hang"), fresh("normal")
    server = start(config=SERVER + upstream.model_table(hang, normal, backend=kind))
    with Wire(server) as waiting:
        waiting.send(post(server, CHAT, user("hello", model=hang)))
        wait_for(lambda: upstream.of(hang).open == 1, what="the call upstream")
        for _ in range(10):
            assert chat(server, user("hello", model=normal))[0] == 200


def test_a_dead_end_of_fallbacks_is_unavailable(start, upstream):
    config = SERVER + gone("first", fallback=["second"]) + gone("second", fallback=["first"])
    status, headers, answer = chat(start(config=config), user("hello", model="first"))

    assert status == 503 and int(headers["retry-after"]) >= 1
    assert_error(answer)
