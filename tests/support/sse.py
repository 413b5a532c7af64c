"""Chat streams, read byte by byte as they come, without an SDK in between."""
import http.client
import json


class ChatStream:
    """One streamed chat request. Iterating gives the parsed events; `.done` tells whether [DONE] came."""

    def __init__(self, server, body, path="/v1/chat/completions", timeout=120, headers=None):
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout)
        sent = {"authorization": f"Bearer {server.token}", "content-type": "application/json", **(headers or {})}
        self.connection.request("POST", path, json.dumps({**body, "stream": True}), sent)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.done = False
        self.error = None
        self.cut = False
        self.events = []

    def __iter__(self):
        try:
            for line in self._lines():
                if not line.startswith(b"data:"):
                    continue
                data = line[5:].strip()
                if data == b"[DONE]":
                    self.done = True
                    continue
                assert not self.done, "an event after [DONE]"
                event = json.loads(data)
                self.events.append(event)
                if "error" in event:
                    self.error = event["error"]
                yield event
        except (http.client.IncompleteRead, ConnectionError):
            self.cut = True
        finally:
            self.close()

    def _lines(self):
        """By read1, which reports a cut; the lines of http.client end there as if all were well."""
        rest = b""
        while data := self.response.read1(65536):
            *lines, rest = (rest + data).split(b"\n")
            yield from lines

    def read(self):
        for _ in self:
            pass
        return self

    @property
    def text(self):
        return "".join(choice["delta"].get("content") or "" for event in self.events for choice in event.get("choices", []))

    @property
    def finish_reason(self):
        reasons = [choice.get("finish_reason") for event in self.events for choice in event.get("choices", [])]
        return next((reason for reason in reasons if reason), None)

    @property
    def citations(self):
        for event in reversed(self.events):
            if event.get("retrieval_context"):
                return event["retrieval_context"]["citations"]
        return []

    def close(self):
        """Leaves at once: the peer sees a reset or an end."""
        self.response.close()
        self.connection.close()


PLAIN = {"enabled": False}  # the value of `retrieval` that asks the model alone


def user(text, **more):
    return {"messages": [{"role": "user", "content": text}], **more}
