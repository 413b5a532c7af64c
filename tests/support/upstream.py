"""Upstream: a model server that does what the name of the model says, to show what a real model cannot.

It speaks OpenAI's dialect, Ollama's (NDJSON) and Anthropic's on one port; upstream_*.py have their wire formats. A tag
after a colon, `normal:mine`, makes a name with counts of its own.

    normal      five words and a proper end      normal-utf8 the same in letters that are cut in two by the packets
    slow        the words, `pause` apart, until told to stop
    echo        answers with the last user message (or the prompt), to see what reached the model
    tools       a tool call                      two-tools   two calls in one answer
    agent       calls Bash to read secret.txt, then says what it gave
    reasoning   thoughts, then the words         long        five words, ended by the limit of tokens
    limited     normal, and its headers say that no request is left for now
    gate        accepts, and answers once `open_gate(name)` was called

    hang        accepts and never answers        cut-first   a head and no word, then the socket ends
    cut         two words, then the socket ends  error-first an error event in place of the first word
    stall       two words, then silence          malformed   two words, then half an event, then a clean end
    short       two words and a clean end without the dialect's last event
    error       two words, then an error event in the dialect's form
    html        200 with a page that is not JSON empty       200 and nothing
    status-NNN[-S]    an error answer; S is its retry-after in seconds (429 and 503: 7)
    flaky-N[-NNN[-S]] an error answer (503) to the first N requests for this name, then normal
    stamps      200 words, 5 ms apart, each the sender's monotonic clock in ns (bench)
    flood       20,000 words as fast as they are taken (bench)
"""
import asyncio
import collections
import json
import threading
import time

from support.upstream_anthropic import Anthropic
from support.upstream_ollama import Ollama, OllamaText
from support.upstream_openai import OpenAi, OpenAiText
from support.upstream_script import CUT, WORDS, Call, Record, fault_of, said_by
from support.upstream_wire import Connection

DIALECTS = (OpenAi, OpenAiText, Ollama, OllamaText, Anthropic)
__all__ = ["CUT", "DIALECTS", "WORDS", "Call", "Record", "Upstream", "toml"]


def toml(value):
    """A value as TOML writes it; a dict becomes an inline table."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


class Upstream:
    """Runs in a thread of its own. `requests` are the bodies that came in; `left` counts clients that went early.

    `tls`: an ssl.SSLContext, for an upstream at https://.
    """

    def __init__(self, tls=None):
        self.tls = tls
        self.requests = []
        self.headers = []
        self._scripts = {}
        self.left = 0
        self.sent = 0  # words sent on behalf of `slow`
        self.pause = 0.02
        self.open = 0
        self._records = collections.defaultdict(Record)
        self._gates = collections.defaultdict(asyncio.Event)
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

    def of(self, name):
        """What happened to one name: its calls, how many are open, how many were left early and when."""
        return self._records[name]

    def script(self, name, *turns):
        """What the model of this name says, request by request: a text, or a call (tool, arguments). The last repeats."""
        self._scripts[name] = turns

    def open_gate(self, name):
        """Lets the calls of a `gate` pass, those that wait and those to come."""
        self._loop.call_soon_threadsafe(lambda: self._gates[name].set())

    def model_table(self, *names, **common):
        """[[models]] entries named after their behaviour."""
        entry = {"backend": "openai", "url": self.url, "retrieval": False, "context": 8192, **common}
        lines = []
        for name in names:
            lines += ["[[models]]", f"name = {json.dumps(name)}"]
            lines += [f"{key} = {toml(value)}" for key, value in entry.items()]
        return "\n".join(lines) + "\n"

    # ---- the server ----

    def _run(self):
        asyncio.set_event_loop(self._loop)
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024, ssl=self.tls)
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader, writer):
        self.open += 1
        connection = Connection(reader, writer)
        try:
            while True:
                method, path, headers, body = await connection.request()
                if not await self._answer(connection, method, path, headers, body):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or we stop
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, connection, method, path, headers, body):
        path = path.partition("?")[0]
        for kind in DIALECTS:
            if method == "GET" and any(path.endswith(known) for known in kind.LISTS):
                return await connection.whole(200, kind.listing(path, headers))
            if method == "POST" and path.endswith(kind.CHAT):
                return await self._call(connection, kind, headers, json.loads(body), None)
            side = next((known for known in kind.SIDES if method == "POST" and path.endswith(known)), None)
            if side:
                return await self._call(connection, kind, headers, json.loads(body), kind.SIDES[side])
        return await connection.whole(404, {"error": {"message": f"no {path} here"}})

    async def _call(self, connection, kind, headers, request, side):
        name = request["model"]
        record = self._records[name]
        call = Call(request, headers)
        record.calls.append(call)
        if side is None:
            self.requests.append(request)
            self.headers.append(headers)
        connection.done = None
        try:
            dialect = kind(name, request)
            turns = self._scripts.get(name)
            dialect.turn = turns[min(len(record.calls), len(turns)) - 1] if turns else None
            kept = await self._act(connection, dialect, name, side, len(record.calls))
        except ConnectionError:  # reset by a client that went while something was still on its way to it
            connection.left = connection.left or time.monotonic()
            kept = False
        call.left = connection.left
        call.ended = connection.done if kept else time.monotonic()
        self.left += call.left is not None
        return kept and call.left is None

    async def _act(self, connection, dialect, name, side, number):
        """One answer, as the behaviour wants it. True when the connection may be used again."""
        behaviour = name.partition(":")[0]
        fault = fault_of(behaviour, number)
        if fault:
            more = {"retry-after": str(fault.retry_after)} if fault.retry_after else {}
            return await connection.whole(fault.status, dialect.refusal(fault.status), {**more, **dialect.headers(False)})
        if behaviour == "hang":
            await connection.until_left()
            return False
        if behaviour == "gate" and not await connection.unless_left(self._gates[name].wait()):
            return False
        if behaviour == "html":
            return await connection.raw(200, b"<html>not for you</html>", "text/html")
        if behaviour == "empty":
            return await connection.raw(200, b"", "application/json")
        if side is not None:
            return await connection.whole(200, side(request=dialect.request))
        headers = dialect.headers(behaviour == "limited")
        if not dialect.streams:
            return await self._whole(connection, dialect, behaviour, headers)
        await connection.begin(dialect.STREAM_TYPE, headers)
        return await self._stream(connection, dialect, behaviour)

    # ---- whole answers ----

    async def _whole(self, connection, dialect, behaviour, headers):
        if behaviour == "slow" and not await connection.unless_left(asyncio.sleep(5 * self.pause)):
            return False
        if behaviour in ("error", "error-first"):
            return await connection.whole(500, dialect.refusal(500), headers)
        answer = json.dumps(dialect.whole(said_by(behaviour, dialect)), ensure_ascii=False).encode()
        if behaviour in ("malformed", "short"):
            return await connection.raw(200, answer[:len(answer) // 2], "application/json", headers)
        if behaviour in ("cut", "cut-first", "stall"):
            await connection.half(answer, headers)
            if behaviour == "stall":
                await connection.until_left()
            return False
        return await connection.raw(200, answer, "application/json", headers)

    # ---- streams ----

    async def _stream(self, connection, dialect, behaviour):
        if behaviour == "error-first":
            await connection.piece(dialect.error())
            return await connection.end(keep=False)
        await connection.piece(dialect.opening())
        if behaviour == "slow":
            return await self._slowly(connection, dialect)
        if behaviour in CUT:
            return await self._broken(connection, dialect, behaviour)
        if behaviour in ("stamps", "flood"):
            await self._many(connection, dialect, behaviour)
            await connection.piece(dialect.ending("stop"))
            return await connection.end()
        await self._say(connection, dialect, behaviour)
        return await connection.end()

    async def _say(self, connection, dialect, behaviour):
        said = said_by(behaviour, dialect)
        send = connection.torn if behaviour == "normal-utf8" else connection.piece
        for text in said.thoughts:
            await send(dialect.thought(text))
        for text in said.words:
            await send(dialect.word(text))
        for number, call in enumerate(said.calls):
            for piece in dialect.call(number, *call):
                await send(piece)
        await send(dialect.ending(said.reason))

    async def _many(self, connection, dialect, behaviour):
        for number in range(200 if behaviour == "stamps" else 20_000):
            await connection.piece(dialect.word(f"{time.monotonic_ns()} "))
            if behaviour == "stamps":
                await asyncio.sleep(0.005)
            elif number % 64 == 0:
                await asyncio.sleep(0)

    async def _broken(self, connection, dialect, behaviour):
        if behaviour != "cut-first":
            for word in WORDS[:2]:
                await connection.piece(dialect.word(word))
        if behaviour == "stall":
            await connection.until_left()
        elif behaviour == "malformed":
            await connection.piece(dialect.half_event())
        elif behaviour == "error":
            await connection.piece(dialect.error())
        if behaviour in ("malformed", "short", "error"):
            await connection.end()
        return False

    async def _slowly(self, connection, dialect):
        while True:
            await connection.piece(dialect.word("word "))
            self.sent += 1
            if not await connection.unless_left(asyncio.sleep(self.pause)):
                return False
