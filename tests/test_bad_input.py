"""Everything a client can get wrong, or do on purpose: the right status, the right shape, a server that stays well."""
import json
import socket
import struct
import time

import pytest
from support.server import SANITIZED
from support.sse import user
from support.wire import Wire, head, once, post

CHAT = "/v1/chat/completions"
MEGABYTE = 1 << 20


@pytest.fixture(scope="module", autouse=True)
def unharmed(scripted):
    """After all of this: the same process, answering, with nothing secret in its log."""
    pid = scripted.process.pid
    yield
    assert scripted.process.pid == pid and scripted.is_well()
    assert scripted.token not in scripted.log()


def assert_openai_error(answer, status, code=None):
    assert answer is not None, "closed without an answer"
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-request-id"]
    error = json.loads(answer.body)["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    assert isinstance(error["message"], str) and error["message"]
    if code:
        assert error["code"] == code
    return error


def chat(server, body, *lines, **options):
    return once(server, post(server, CHAT, body, *lines, **options))


# ---- bodies ----


@pytest.mark.parametrize("body", [
    '{"model":', "", "{", "[1,2", "nonsense", '{"a":1}{"b":2}', '{"messages":[}', "\x00", '{"model":"\ud800"}'.encode("utf-8", "surrogatepass"),
    b'{"model":"\xff\xfe"}', '{"messages": NaN}', "{'messages':[]}", '{"messages":[],}', "\ufeff{}",
])
def test_malformed_json(scripted, body):
    assert_openai_error(chat(scripted, body), 400)


@pytest.mark.parametrize("body", ["null", "7", '"text"', "[]", "true"])
def test_json_that_is_not_an_object(scripted, body):
    assert_openai_error(chat(scripted, body), 400)


@pytest.mark.parametrize(("body", "param"), [
    ({}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": None}, "messages"),
    ({"messages": "hello"}, "messages"),
    ({"messages": {}}, "messages"),
    ({"messages": ["hello"]}, "messages"),
    ({"messages": [{}]}, "messages"),
    ({"messages": [{"role": "wizard", "content": "hi"}]}, "messages"),
    ({"messages": [{"role": "user"}]}, "messages"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages"),
    ({"messages": [{"role": 7, "content": "hi"}]}, "messages"),
    (user("hi", stream="yes"), "stream"),
    (user("hi", temperature="hot"), "temperature"),
    (user("hi", temperature=99), "temperature"),
    (user("hi", max_tokens=-1), "max_tokens"),
    (user("hi", max_tokens=1.5), "max_tokens"),
    (user("hi", model=7), "model"),
    (user("hi", model=["normal"]), "model"),
    (user("hi", stop=7), "stop"),
    (user("hi", n=0), "n"),
    (user("hi", tools="hammer"), "tools"),
])
def test_a_field_that_is_wrong_is_named(scripted, body, param):
    error = assert_openai_error(chat(scripted, body), 400)

    assert error["type"] == "invalid_request_error"
    assert param in (error["param"] or "") or param in error["message"], error


def test_null_stands_for_an_absent_field(scripted):
    body = user("hi", model="normal", temperature=None, max_tokens=None, stop=None, stream=None, tools=None)
    assert chat(scripted, body).status == 200


def test_unknown_fields_are_let_through(scripted):
    assert chat(scripted, user("hi", model="normal", some_new_field={"a": 1}, seed=1, logit_bias={}, user="u")).status == 200


def test_a_body_of_three_megabytes(scripted):
    body = json.dumps(user("x" * (3 * MEGABYTE), model="normal"))
    assert_openai_error(chat(scripted, body), 413)


def test_a_large_body_is_refused_before_it_is_sent(scripted):
    with Wire(scripted) as wire:
        wire.send(head(scripted, "POST", CHAT, "Content-Type: application/json", f"Content-Length: {10 << 30}"))
        assert_openai_error(wire.answer(), 413)


def test_a_large_chunked_body(scripted):
    with Wire(scripted) as wire:
        wire.send(head(scripted, "POST", CHAT, "Content-Type: application/json", "Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        for _ in range(48):
            wire.send(piece)
        assert_openai_error(wire.answer(), 413)


@pytest.mark.parametrize(("start", "middle", "end"), [('{"messages":', "[", "]"), ("", '{"a":', "}"), ("", "[", "]")])
def test_a_depth_of_a_thousand(scripted, start, middle, end):
    body = start + middle * 1000 + ("1" if end == "}" else "") + end * 1000 + ("}" if start else "")
    assert_openai_error(chat(scripted, body), 400)


def test_a_depth_of_a_million(scripted):
    assert_openai_error(chat(scripted, "[" * MEGABYTE), 400)


@pytest.mark.parametrize("number", ["1e999999", "-1e999999", "9" * 4000, "1" + "0" * 400 + "e-400"])
def test_odd_numbers(scripted, number):
    answer = chat(scripted, '{"model":"normal","messages":[{"role":"user","content":"hi"}],"temperature":%s}' % number)
    assert answer.status in (200, 400), answer


def test_a_repeated_key(scripted):
    answer = chat(scripted, '{"model":"normal","model":"echo","messages":[{"role":"user","content":"hi"}]}')
    assert answer.status in (200, 400)


def test_the_wrong_content_type(scripted):
    body = json.dumps(user("hi", model="normal")).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        request = head(scripted, "POST", CHAT, f"Content-Type: {kind}", f"Content-Length: {len(body)}") + body
        answer = once(scripted, request)
        assert answer.status in (400, 415), (kind, answer)


# ---- credentials, Host, Origin ----


@pytest.mark.parametrize("path", ["/v1/models", "/metrics", CHAT])
def test_a_missing_token(scripted, path):
    method = "POST" if path == CHAT else "GET"
    answer = once(scripted, head(scripted, method, path, "Content-Type: application/json", "Content-Length: 0", token=False))

    assert answer.status == 401, answer
    assert answer.headers["www-authenticate"].lower().startswith("bearer")
    if path.startswith("/v1/"):
        assert_openai_error(answer, 401)


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer wrong", "Basic dTpw", "bearer\twrong", "Bearer " + "x" * 4000, "\xff\xfe"])
def test_a_wrong_token_is_refused_and_not_logged(scripted, value):
    answer = once(scripted, head(scripted, "GET", "/v1/models", f"Authorization: {value}", token=False))

    assert answer.status == 401
    assert "wrong" not in answer.body.decode() or len(value) < 8
    assert "x" * 100 not in scripted.log()


def test_the_token_in_the_query_is_no_credential(scripted):
    assert once(scripted, head(scripted, "GET", f"/v1/models?token={scripted.token}&access_token={scripted.token}", token=False)).status == 401


def test_two_credentials_are_not_a_choice(scripted):
    """One extractor: a wrong bearer token is not mended by a right x-api-key."""
    answer = once(scripted, head(scripted, "GET", "/v1/models", "Authorization: Bearer wrong", f"x-api-key: {scripted.token}", token=False))
    assert answer.status == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "169.254.169.254",
                                  "127.0.0.1:80@evil.example", "evil.example#127.0.0.1", "[::2]", "0x7f000001"])
def test_a_foreign_host(scripted, host):
    for path in ("/health", "/v1/models"):
        assert once(scripted, head(scripted, "GET", path, host=host)).status in (400, 403, 421)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost"])
def test_our_own_host(scripted, name):
    assert once(scripted, head(scripted, "GET", "/v1/models", host=f"{name}:{scripted.port}")).status == 200


def test_no_host_or_two_of_them(scripted):
    assert once(scripted, b"GET /health HTTP/1.1\r\n\r\n").status in (400, 403)
    assert once(scripted, head(scripted, "GET", "/health", "Host: evil.example")).status in (400, 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null", "file://", "http://127.0.0.1:1",
                                    "http://127.0.0.1.evil.example", ""])
def test_a_foreign_origin(scripted, origin):
    for request in (head(scripted, "GET", "/v1/models", f"Origin: {origin}"), post(scripted, CHAT, user("hi", model="normal"), f"Origin: {origin}")):
        assert once(scripted, request).status in (400, 403), origin


def test_our_own_origin(scripted):
    assert once(scripted, head(scripted, "GET", "/v1/models", f"Origin: {scripted.url}")).status == 200


# ---- the protocol ----


@pytest.mark.parametrize("line", [
    "Content-Length: -1", "Content-Length: +5", "Content-Length: 5x", "Content-Length: 5, 6", "Content-Length: 99999999999999999999999",
    "Content-Length: 0x10", "Content-Length: ", "Content-Length: 5\r\nContent-Length: 6",
])
def test_a_bad_content_length(scripted, line):
    answer = once(scripted, head(scripted, "POST", CHAT, "Content-Type: application/json", line) + b"{}")
    assert answer is None or answer.status in (400, 413), answer


@pytest.mark.parametrize("lines", [
    ["Transfer-Encoding: chunked", "Content-Length: 5"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: gzip"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding : chunked"],
    ["Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
    ["Content-Length: 5", "Transfer-Encoding:\tchunked"],
])
def test_smuggling_is_refused(scripted, lines):
    """Whatever a proxy in front might read otherwise: one answer at most, and the second request is never run."""
    smuggled = b"0\r\n\r\n" + head(scripted, "GET", "/v1/models/smuggled", token=False)
    with Wire(scripted) as wire:
        wire.send(head(scripted, "POST", CHAT, "Content-Type: application/json", *lines) + smuggled)
        answer = wire.answer()
        assert answer is None or answer.status in (400, 411, 413, 415, 501), answer
        assert wire.answer() is None, "a second answer on one request"


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-1\r\n", b"ffffffffffffffff\r\n", b"5;" + b"x" * 40000 + b"\r\nhello\r\n"])
def test_bad_chunks(scripted, chunk):
    with Wire(scripted) as wire:
        wire.send(head(scripted, "POST", CHAT, "Content-Type: application/json", "Transfer-Encoding: chunked") + chunk + b"\r\n\r\n")
        answer = wire.answer()
        assert answer is None or 400 <= answer.status < 500, answer


def test_a_sound_chunked_body_is_read(scripted):
    body = json.dumps(user("hi", model="normal")).encode()
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7]) for i in range(0, len(body), 7)) + b"0\r\n\r\n"
    answer = once(scripted, head(scripted, "POST", CHAT, "Content-Type: application/json", "Transfer-Encoding: chunked") + pieces)
    assert answer.status == 200 and json.loads(answer.body)["choices"]


def test_expect_continue(scripted):
    body = json.dumps(user("hi", model="normal")).encode()
    with Wire(scripted) as wire:
        wire.send(head(scripted, "POST", CHAT, "Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert wire.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        assert wire.send(body).answer().status == 200


def test_huge_headers(scripted):
    for lines in ([f"X-Big: {'x' * 100_000}"], [f"X-{number}: {'y' * 100}" for number in range(2000)]):
        assert once(scripted, head(scripted, "GET", "/health", *lines)).status == 431


def test_a_huge_request_line(scripted):
    assert once(scripted, head(scripted, "GET", "/" + "a" * 100_000)).status in (414, 431)


@pytest.mark.parametrize("data", [b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"GET /health\r\n\r\n", b"GET /health HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
                                  b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 500 + b"\r\n\r\n", b"GET /health HTTP/1.1\nHost: x\n\n",
                                  b"G\xc3\x96T /health HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_is_not_http(scripted, data):
    with Wire(scripted) as wire:
        wire.send(data)
        wire.socket.shutdown(1)
        answer = wire.answer()
        assert answer is None or 400 <= answer.status < 600, answer


def test_header_injection_does_not_reach_the_answer(scripted):
    answer = once(scripted, head(scripted, "GET", "/v1/models/x%0d%0aSet-Cookie:%20a=b"))
    assert b"set-cookie" not in answer.raw.lower()
    assert answer.status in (400, 404)


@pytest.mark.parametrize("path", [
    "/v1/models/%", "/v1/models/%zz", "/v1/models/%00", "/v1/models/a%00b", "/v1/models/%ff%fe", "/v1/models/%c0%ae%c0%ae/", "/v1/models/..%2f..%2fetc%2fpasswd",
    "/v1/models/../../etc/passwd", "/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//health/..", "/health/../metrics", "/v1//models", "/v1/models/%252e%252e",
    "/v1/models/\x80", "/v1/models?%", "/v1/models/a;b", "*", "http://evil.example/health", "/v1\\models",
])
def test_percent_encoding_and_dots(scripted, path):
    answer = once(scripted, head(scripted, "GET", path))
    assert answer is not None and answer.status in (400, 403, 404, 405) or (answer.status == 200 and path == "/v1/models?%"), answer
    assert b"root:" not in answer.body


def test_an_escaped_letter_is_the_letter(scripted):
    assert once(scripted, head(scripted, "GET", "/v1/%6dodels")).status == 200


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/v1/models"), ("PUT", CHAT), ("GET", CHAT), ("POST", "/health"), ("TRACE", "/health"),
                                              ("BREW", "/health"), ("CONNECT", "/health")])
def test_a_method_that_is_not_there(scripted, method, path):
    answer = once(scripted, head(scripted, method, path, "Content-Type: application/json", "Content-Length: 0"))

    assert answer.status in (405, 501, 400), answer
    if answer.status == 405:
        assert answer.headers["allow"]


def test_head_has_the_headers_of_get_and_no_body(scripted):
    with Wire(scripted) as wire:
        answer = wire.send(head(scripted, "HEAD", "/health")).answer(head_only=True)
        assert answer.status == 200
        assert wire.send(head(scripted, "GET", "/health")).answer().status == 200, "bytes after a HEAD answer"


def test_an_unknown_path_is_not_found_in_the_right_shape(scripted):
    assert_openai_error(once(scripted, head(scripted, "GET", "/v1/unknown")), 404)

    answer = once(scripted, head(scripted, "GET", "/unknown"))
    assert answer.status == 404
    body = json.loads(answer.body)
    assert body["ok"] is False and isinstance(body["error"], str)


def test_pipelined_requests_are_answered_in_order(scripted):
    with Wire(scripted) as wire:
        wire.send(b"".join(head(scripted, "GET", "/health", f"x-request-id: n{number}") for number in range(50)))
        ids = [wire.answer().headers["x-request-id"] for _ in range(50)]
    assert ids == [f"n{number}" for number in range(50)]


def test_a_request_in_single_bytes(scripted):
    request = post(scripted, CHAT, user("hi", model="normal"))
    with Wire(scripted) as wire:
        for index in range(len(request)):
            wire.send(request[index:index + 1])
        assert wire.answer().status == 200


def test_http_1_0(scripted):
    answer = once(scripted, head(scripted, "GET", "/health").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert answer.status == 200


def test_a_slow_loris_is_cut_and_others_are_served(scripted):
    slow = [Wire(scripted, timeout=60) for _ in range(50)]
    for wire in slow:
        wire.send(b"GET /health HTTP/1.1\r\nHost: ")
    began = time.monotonic()
    assert scripted.is_well()
    assert time.monotonic() - began < 5

    for wire in slow:
        answer = wire.answer()  # it must come although the head never does
        assert answer is None or answer.status == 408
        wire.socket.close()


def test_a_slow_loris_cannot_win_time_with_single_bytes(scripted):
    with Wire(scripted, timeout=60) as wire:
        began = time.monotonic()
        wire.send(b"GET /health HTTP/1.1\r\nX-Slow: ")
        while not wire.has_input():
            wire.send(b"a")
            time.sleep(0.2)  # the attack itself
            assert time.monotonic() - began < 45, "the head may take for ever"
        answer = wire.answer()
        assert answer is None or answer.status == 408


def test_a_client_that_resets_in_the_middle(scripted):
    for cut in (1, 20, 200):
        with Wire(scripted) as wire:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.send(post(scripted, CHAT, user("hi" * 500, model="normal"))[:cut])
    assert scripted.is_well()


def test_a_thousand_bad_requests_leak_nothing(scripted):
    for _ in range(50):
        chat(scripted, "{")
    descriptors, memory = scripted.descriptors(), scripted.rss_kb()
    for number in range(1000):
        chat(scripted, "{" if number % 2 else "[" * 5000)
    assert scripted.descriptors() <= descriptors + 5
    if not SANITIZED:  # a sanitizer holds freed memory back, and reports what leaked itself
        assert scripted.rss_kb() <= memory + 20_000
