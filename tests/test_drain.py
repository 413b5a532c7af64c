"""SIGTERM: nothing new is accepted, answers end properly, the process leaves with 0 in time."""
import signal
import socket

import pytest
from support.server import wait_for
from support.sse import ChatStream, user
from support.wire import Wire, head, post


def refuses_connections(server):
    try:
        with socket.create_connection((server.host, server.port), timeout=2) as probe:
            probe.settimeout(2)
            probe.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            return probe.recv(1) == b""
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_leaves_at_once(start, number):
    server = start()
    assert server.stop(number, 10) == 0


def test_a_running_stream_gets_a_terminal_event(start, upstream):
    server = start(config="[server]\nembedded_model = false\ndrain_seconds = 5\n" + upstream.model_table("slow"))
    stream = ChatStream(server, user("hello", model="slow"))
    reader = iter(stream)
    for event in reader:
        if any(choice["delta"].get("content") for choice in event["choices"]):
            break
    server.process.send_signal(signal.SIGTERM)
    for _ in reader:
        pass

    assert stream.error or stream.done, "the stream ended without a word"
    assert not (stream.error and stream.done)
    assert server.stop() == 0


def test_nothing_new_is_accepted_while_an_answer_ends(start, upstream):
    server = start(config="[server]\nembedded_model = false\ndrain_seconds = 3\n" + upstream.model_table("hang"))
    with Wire(server) as wire:
        seen = len(upstream.requests)
        wire.send(post(server, "/v1/chat/completions", user("hello", model="hang")))
        wait_for(lambda: len(upstream.requests) > seen, what="the request upstream")
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: server.process.poll() is not None or refuses_connections(server), 10, "the listener to close")
    assert server.stop() == 0


def test_a_client_that_never_reads_cannot_hold_the_server(start, upstream):
    server = start(config="[server]\nembedded_model = false\ndrain_seconds = 1\n" + upstream.model_table("hang"))
    with Wire(server) as wire:
        wire.send(post(server, "/v1/chat/completions", user("hello", model="hang")))
        assert server.is_well()
        assert server.stop(seconds=15) == 0


def test_an_idle_keep_alive_connection_is_closed(start):
    server = start()
    with Wire(server) as wire:
        assert wire.send(head(server, "GET", "/health")).answer().status == 200
        server.process.send_signal(signal.SIGTERM)
        assert wire.closed()
    assert server.stop() == 0


def test_the_events_stream_ends_with_a_terminal_event(start):
    server = start()
    with Wire(server) as wire:
        wire.send(head(server, "GET", "/v1/events"))
        assert wire.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        server.process.send_signal(signal.SIGTERM)
        while wire.more():
            pass
        assert b"event:" in wire.buffer or b"data:" in wire.buffer, wire.buffer
        assert wire.buffer.endswith(b"0\r\n\r\n"), wire.buffer
    assert server.stop() == 0


def test_a_second_signal_leaves_at_once(start, upstream):
    server = start(config="[server]\nembedded_model = false\ndrain_seconds = 600\n" + upstream.model_table("hang"))
    with Wire(server) as wire:
        seen = len(upstream.requests)
        wire.send(post(server, "/v1/chat/completions", user("hello", model="hang")))
        wait_for(lambda: len(upstream.requests) > seen, what="the request upstream")
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses_connections(server), 10, "the listener to close")
        code = server.stop(seconds=15)
    assert code is not None and code >= 0


def test_the_port_is_free_again_for_the_next_server(start):
    first = start()
    address = first.address
    assert first.stop() == 0

    second = start(listen=address)
    assert second.address == address and second.is_well()
