"""Upstream: a model server that does what the name of the model says, to show what a real model cannot.

    normal      five words, then [DONE]          slow        the words, `pause` apart, until told to stop
    cut         two words, then the socket ends  hang        accepts and never answers
    stall       two words, then silence          malformed   two words, then half a JSON event, then a clean end
    short       two words and a clean end without finish_reason or [DONE]
    error       two words, then an error event   status-NNN  an error answer (429 with retry-after)
    html        200 with a page that is not JSON empty       200 and nothing
    echo        answers with the last user message, to see what reached the model
    tools       a tool call
    stamps      200 words, 5 ms apart, each the sender's monotonic clock in ns (bench)
    flood       20,000 words as fast as they are taken (bench)
"""
import asyncio
import json
import threading
import time

WORDS = ["The ", "answer ", "is ", "forty", "-two."]


class Upstream:
    """Runs in a thread of its own. `requests` are the bodies that came in; `left` counts clients that went early.

    `tls`: an ssl.SSLContext, for an upstream at https://.
    """

    def __init__(self, tls=None):
        self.tls = tls
        self.requests = []
        self.headers = []
        self.left = 0
        self.sent = 0  # words sent on behalf of `slow`
        self.pause = 0.02
        self.open = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def model_table(self, *names, **common):
        """[[models]] entries named after their behaviour."""
        entry = {"backend": "openai", "url": self.url, "retrieval": False, "context": 8192, **common}
        lines = []
        for name in names:
            lines += ["[[models]]", f"name = {json.dumps(name)}"]
            lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
        return "\n".join(lines) + "\n"

    # ---- the server ----

    def _run(self):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader, writer):
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
                headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if not await self._answer(reader, writer, method, path, headers, body):
                    return
        except asyncio.IncompleteReadError:
            pass
        except ConnectionError:  # reset by a client that went while something was still on its way to it
            self.left += 1
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, reader, writer, method, path, headers, body):
        if path.endswith("/models"):
            return await self._whole(writer, 200, {"object": "list", "data": []})
        if not path.endswith("/chat/completions"):
            return await self._whole(writer, 404, {"error": {"message": f"no {path} here"}})
        request = json.loads(body)
        self.requests.append(request)
        self.headers.append(headers)
        behaviour = request["model"]
        if behaviour.startswith("status-"):
            status = int(behaviour[7:])
            more = {"retry-after": "7"} if status in (429, 503) else {}
            return await self._whole(writer, status, {"error": {"message": f"upstream says {status}", "type": "t", "code": "c"}}, more)
        if behaviour == "hang":
            await self._until_left(reader)
            return False
        if behaviour == "html":
            return await self._raw(writer, 200, b"<html>not for you</html>", "text/html")
        if behaviour == "empty":
            return await self._raw(writer, 200, b"", "application/json")
        if request.get("stream"):
            return await self._stream(reader, writer, behaviour, request)
        return await self._whole(writer, 200, self._completion(behaviour, request))

    async def _until_left(self, reader):
        if await reader.read(1) == b"":
            self.left += 1

    async def _raw(self, writer, status, body, kind, more=None):
        extra = "".join(f"{key}: {value}\r\n" for key, value in (more or {}).items())
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        return True

    async def _whole(self, writer, status, value, more=None):
        return await self._raw(writer, status, json.dumps(value).encode(), "application/json", more)

    @staticmethod
    def _text(behaviour, request):
        if behaviour == "echo":
            content = request["messages"][-1]["content"]
            return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        return "".join(WORDS)

    def _completion(self, behaviour, request):
        message = {"role": "assistant", "content": self._text(behaviour, request)}
        reason = "stop"
        if behaviour == "tools":
            call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}}
            message, reason = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
        return {"id": "up-1", "object": "chat.completion", "created": int(time.time()), "model": behaviour,
                "choices": [{"index": 0, "message": message, "finish_reason": reason}],
                "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}}

    # ---- streams ----

    @staticmethod
    def _chunk(behaviour, delta, reason=None):
        event = {"id": "up-1", "object": "chat.completion.chunk", "created": 1, "model": behaviour,
                 "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        return f"data: {json.dumps(event)}\n\n"

    async def _piece(self, writer, text):
        data = text.encode()
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await writer.drain()

    async def _stream(self, reader, writer, behaviour, request):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        await self._piece(writer, self._chunk(behaviour, {"role": "assistant", "content": ""}))
        if behaviour == "slow":
            return await self._slowly(reader, writer)
        if behaviour in ("stamps", "flood"):
            await self._many(writer, behaviour)
        elif behaviour in ("cut", "stall", "malformed", "short", "error"):
            return await self._broken(reader, writer, behaviour)
        elif behaviour == "tools":
            await self._piece(writer, self._chunk(behaviour, {"tool_calls": [
                {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": ""}}]}))
            await self._piece(writer, self._chunk(behaviour, {"tool_calls": [{"index": 0, "function": {"arguments": "{\"at\":1}"}}]}))
            await self._piece(writer, self._chunk(behaviour, {}, "tool_calls"))
        else:
            words = [self._text(behaviour, request)] if behaviour == "echo" else WORDS
            for word in words:
                await self._piece(writer, self._chunk(behaviour, {"content": word}))
            await self._piece(writer, self._chunk(behaviour, {}, "stop"))
        if request.get("stream_options", {}).get("include_usage"):
            usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
            await self._piece(writer, f"data: {json.dumps({'id': 'up-1', 'object': 'chat.completion.chunk', 'created': 1, 'model': behaviour, 'choices': [], 'usage': usage})}\n\n")
        await self._piece(writer, "data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _many(self, writer, behaviour):
        for number in range(200 if behaviour == "stamps" else 20_000):
            await self._piece(writer, self._chunk(behaviour, {"content": f"{time.monotonic_ns()} "}))
            if behaviour == "stamps":
                await asyncio.sleep(0.005)
            elif number % 64 == 0:
                await asyncio.sleep(0)
        await self._piece(writer, self._chunk(behaviour, {}, "stop"))

    async def _broken(self, reader, writer, behaviour):
        for word in WORDS[:2]:
            await self._piece(writer, self._chunk(behaviour, {"content": word}))
        if behaviour == "stall":
            await self._until_left(reader)
        elif behaviour == "malformed":
            await self._piece(writer, 'data: {"id": "up-1", "choices": [{"ind\n\n')
        elif behaviour == "error":
            await self._piece(writer, 'data: {"error": {"message": "the upstream broke", "type": "server_error", "code": "boom"}}\n\n')
        if behaviour in ("malformed", "short", "error"):
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        return False

    async def _slowly(self, reader, writer):
        left = asyncio.ensure_future(reader.read(1))
        try:
            while not left.done():
                await self._piece(writer, self._chunk("slow", {"content": "word "}))
                self.sent += 1
                await asyncio.wait([left], timeout=self.pause)
        except ConnectionError:
            pass
        self.left += 1
        return False
