"""HTTP by hand: what no library would send, and the answers as they stand on the wire."""
import json
import select
import socket


class Answer:
    def __init__(self, status, headers, body, raw):
        self.status, self.headers, self.body, self.raw = status, headers, body, raw

    def __repr__(self):
        return f"Answer({self.status}, {self.headers}, {self.body[:200]!r})"


class Wire:
    """A socket to the server. `closed` answers are None."""

    def __init__(self, server, timeout=30):
        self.socket = socket.create_connection((server.host, server.port), timeout=timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it refused early; the answer may still be there to read
        return self

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                return None
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def answer(self, head_only=False):
        """The next answer, or None when the peer closed first."""
        head = self.until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if status == 100:
            return self.answer(head_only)
        body = b"" if head_only or status in (204, 304) else self._body(headers)
        return Answer(status, headers, body, head)

    def _body(self, headers):
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                size = self.until(b"\r\n")
                if size is None:
                    return body
                count = int(size, 16)
                piece = self._exactly(count + 2)
                if count == 0:
                    return body
                body += piece[:-2]
        return self._exactly(int(headers.get("content-length", 0)))

    def _exactly(self, count):
        while len(self.buffer) < count and self.more():
            pass
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def has_input(self, seconds=0):
        """Whether something (or the end) has arrived, or arrives within this time."""
        return bool(select.select([self.socket], [], [], seconds)[0])

    def closed(self):
        """Waits until the peer closes; False when it sends something instead."""
        return not self.more()


def once(server, data, **options):
    """Sends bytes on a new connection and returns the one answer (None: closed without one)."""
    with Wire(server, **options) as wire:
        return wire.send(data).answer()


def head(server, method, path, *lines, token=True, host=None):
    """A request head as bytes, with the right Host and token unless told otherwise."""
    fields = [f"{method} {path} HTTP/1.1", f"Host: {host or server.address}"]
    if token:
        fields.append(f"Authorization: Bearer {server.token}")
    return ("\r\n".join([*fields, *lines]) + "\r\n\r\n").encode("latin-1")


def post(server, path, body, *lines, **options):
    """A whole POST with a JSON body (text or a value) as bytes."""
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return head(server, "POST", path, "Content-Type: application/json", f"Content-Length: {len(data)}", *lines, **options) + data
