#!/usr/bin/env python3
"""make soak: mixed load for SECONDS (default 600); resident memory and descriptors must stay where they were.

usage: tests/soak.py [SECONDS]      Prints a line every ten seconds; exit 1 when something grew or an answer was wrong.
"""
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support.server import FIXTURES, Promethean  # noqa: E402
from support.sse import ChatStream, user  # noqa: E402
from support.upstream import Upstream  # noqa: E402
from support.wire import once, post  # noqa: E402

CHAT = "/v1/chat/completions"


def whole_stream(server, _):
    stream = ChatStream(server, user("x", model="normal")).read()
    assert stream.done and stream.text == "The answer is forty-two.", (stream.status, stream.error, stream.cut, stream.text)


def broken_stream(server, pick):
    stream = ChatStream(server, user("x", model=pick.choice(["cut", "malformed", "short", "error"]))).read()
    assert stream.error and not stream.done, (stream.status, stream.cut, stream.text)


def leave(server, _):
    stream = ChatStream(server, user("x", model="slow"))
    for _, _ in zip(range(4), stream):
        pass
    stream.close()


def bad_input(server, pick):
    answer = once(server, post(server, CHAT, pick.choice(["{", "[" * 3000, {"messages": []}, user("x", model="absent"), "x" * 300_000])))
    assert 400 <= answer.status < 500


def retrieve(server, pick):
    words = pick.sample(["gitignore", "pattern", "match", "spec", "regex", "negate", "directory", "path"], 3)
    status, _, body = server.post(CHAT, user(" ".join(words), model="normal", retrieval={"enabled": True}))
    assert status == 200, (status, body[:200])


def edit(server, pick):
    (server.root / f"soak{pick.randrange(8)}.py").write_text(f"VALUE = {pick.random()}\n" * pick.randrange(1, 200))


ACTS = [whole_stream, whole_stream, broken_stream, leave, bad_input, retrieve, retrieve, edit]


def load(server, until, seed, failures):
    pick = random.Random(seed)
    while time.monotonic() < until:
        act = pick.choice(ACTS)
        try:
            act(server, pick)
        except Exception as error:  # counted, shown, and the load goes on
            failures.append(f"{act.__name__}: {error!r}")


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600
    with tempfile.TemporaryDirectory() as folder, Upstream() as upstream:
        root = pathlib.Path(folder) / "repository"
        shutil.copytree(FIXTURES / "pathspec", root)
        config = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n[log]\nlevel = \"error\"\n"
        config += upstream.model_table("normal", "slow", "cut", "malformed", "short", "error", max_concurrency=64)
        with Promethean(pathlib.Path(folder) / "home", root, config) as server:
            began, failures = time.monotonic(), []
            threads = [threading.Thread(target=load, args=(server, began + seconds, seed, failures)) for seed in range(8)]
            for thread in threads:
                thread.start()
            settled = None
            while any(thread.is_alive() for thread in threads):
                time.sleep(min(10, seconds / 10))
                now = (server.rss_kb(), server.descriptors())
                if settled is None and time.monotonic() - began > seconds * 0.3:
                    settled = now
                print(f"{time.monotonic() - began:6.0f} s  {now[0] / 1024:7.1f} MB  {now[1]:4} descriptors  {len(failures)} failures", flush=True)
            for thread in threads:
                thread.join()
            time.sleep(2)
            last = (server.rss_kb(), server.descriptors())
            requests = server.metric("promethean_http_requests_total")
    print(f"{requests:.0f} requests; memory {settled[0] / 1024:.1f} -> {last[0] / 1024:.1f} MB, descriptors {settled[1]} -> {last[1]}")
    print(*sorted(set(failures))[:10], sep="\n")
    return 1 if failures or last[0] > settled[0] * 1.1 + 8192 or last[1] > settled[1] + 10 else 0


if __name__ == "__main__":
    sys.exit(main())
