"""One connection of the scripted upstream: HTTP/1.1 by hand, and whether the client is still there."""
import asyncio
import json
import time


class Connection:
    """Times are time.monotonic(): `left`, when the client was seen to go early; `done`, when the last byte was handed out."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.left = None
        self.done = None
        self._gone = None

    async def request(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return method, path, headers, body

    # ---- the client that goes ----

    def _watch(self):
        """The next byte or the end: a client has nothing to say while it waits for its answer."""
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._until_end())
        return self._gone

    async def _until_end(self):
        try:
            if await self.reader.read(1) == b"":
                self.left = time.monotonic()
        except ConnectionError:
            self.left = time.monotonic()

    async def until_left(self):
        await self._watch()

    async def unless_left(self, awaited):
        """Waits; False when the client went meanwhile."""
        waiting = asyncio.ensure_future(awaited)
        await asyncio.wait([waiting, self._watch()], return_when=asyncio.FIRST_COMPLETED)
        if self._gone.done():
            waiting.cancel()
            return False
        return True

    # ---- whole answers ----

    async def whole(self, status, value, more=None):
        return await self.raw(status, json.dumps(value, ensure_ascii=False).encode(), "application/json", more)

    async def raw(self, status, body, kind, more=None):
        self.done = time.monotonic()
        self.writer.write(self._head(status, kind, {"content-length": len(body), **(more or {})}) + body)
        await self.writer.drain()
        return await self._kept()

    async def half(self, body, more=None):
        """Promises the whole body and sends half of it."""
        self.writer.write(self._head(200, "application/json", {"content-length": len(body), **(more or {})}))
        self.writer.write(body[:len(body) // 2])
        await self.writer.drain()

    @staticmethod
    def _head(status, kind, fields):
        lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", *(f"{key}: {value}" for key, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def _kept(self):
        """Whether another request may follow: the watch for the end stops, and had seen nothing."""
        if self._gone is None:
            return True
        watch, self._gone = self._gone, None
        watch.cancel()
        await asyncio.wait([watch])
        return watch.cancelled()

    # ---- streams, chunked ----

    async def begin(self, kind, more=None):
        self.writer.write(self._head(200, kind, {"transfer-encoding": "chunked", **(more or {})}))
        await self.writer.drain()

    async def piece(self, text):
        data = text.encode()
        if data:
            self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
            await self.writer.drain()

    async def torn(self, text):
        """In packets that end within letters, each a chunk of its own."""
        data = text.encode()
        cuts = [at for at in range(1, len(data)) if data[at] & 0xC0 == 0x80] or [len(data) // 2]
        for begin, end in zip([0, *cuts], [*cuts, len(data)]):
            self.writer.write(b"%x\r\n%s\r\n" % (end - begin, data[begin:end]))
            await self.writer.drain()
            await asyncio.sleep(0.001)  # or the kernel joins them

    async def end(self, keep=True):
        self.done = time.monotonic()
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        return await self._kept() and keep
