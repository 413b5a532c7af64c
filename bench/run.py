#!/usr/bin/env python3
"""make bench: what a request, a connection, a stream and a token cost. Prints a table, writes build/bench/latest.json.

Where a peer can be installed, its figure comes from the same run: nginx returning 200 on the same core, alternating
with ours, load on the other core. Medians of ROUNDS rounds; SECONDS each. Choose parts: bench/run.py throughput memory
"""
import contextlib
import datetime
import json
import os
import pathlib
import re
import resource
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.server import FIXTURES, Promethean, wait_for  # noqa: E402
from support.sse import ChatStream, user  # noqa: E402
from support.upstream import Upstream  # noqa: E402
from support.wire import head  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", 3))
SECONDS = int(os.environ.get("SECONDS_EACH", 5))
CONNECTIONS = int(os.environ.get("CONNECTIONS", 10_000))
SERVER_CORE, LOAD_CORE = sorted(os.sched_getaffinity(0))[0], sorted(os.sched_getaffinity(0))[-1]
FAST = "[server]\ncores = 1\nrate_per_second = 1000000\nrate_burst = 1000000\n[log]\nlevel = \"warn\"\n"

results = []


def row(name, value, unit, goal="", peer=None):
    results.append({"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "peer": peer})
    print(f"  {name:<44} {value:>12,.1f} {unit:<10} {goal}", flush=True)


def pin(pid, core):
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), {core})


# ---- throughput beside nginx ----


@contextlib.contextmanager
def nginx(folder, body):
    """One worker on a free port, answering /health like ours: the same bytes of body, keep-alive without end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; worker_processes 1; error_log stderr error; pid {folder}/nginx.pid;\n"
        "events { worker_connections 2048; }\n"
        f"http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
        f"  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; default_type application/json;\n"
        f"  server {{ listen 127.0.0.1:{port}; location /health {{ return 200 '{body}'; }} }} }}\n"
    )
    process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        def up():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
        wait_for(up, 10, "nginx")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def children_of(pid):
    return [int(p) for p in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]


def wrk(url, connections=64):
    ran = subprocess.run(["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", url],
                         capture_output=True, text=True, check=True)
    assert "Non-2xx" not in ran.stdout and "Socket errors" not in ran.stdout, ran.stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)[1])


def throughput(folder):
    with Promethean(folder / "throughput", FIXTURES / "ignore", FAST) as server:
        body = server.get("/health", token=False)[2].decode()
        with nginx(folder, body) as (port, pid):
            for process in (server.process.pid, pid, *children_of(pid)):
                pin(process, SERVER_CORE)
            ours, theirs = [], []
            for _ in range(ROUNDS):
                theirs.append(wrk(f"http://127.0.0.1:{port}/health"))
                ours.append(wrk(f"{server.url}/health"))
        mine, nginx_rps = statistics.median(ours), statistics.median(theirs)
        row("nginx: /health on one core", nginx_rps, "req/s", peer="nginx")
        row("promethean: /health on one core", mine, "req/s")
        row("promethean / nginx", 100 * mine / nginx_rps, "%", "at least 60")


# ---- memory ----


def open_many(server, count, request, ready):
    """`count` connections that have sent `request` and got an answer in which `ready` occurs."""
    sockets = []
    for first in range(0, count, 200):
        batch = []
        for _ in range(min(200, count - first)):
            one = socket.create_connection((server.host, server.port), 30)
            one.sendall(request)
            batch.append(one)
        for one in batch:
            got = b""
            while ready not in got:
                data = one.recv(65536)
                assert data, got
                got += data
        sockets += batch
    return sockets


def held(server, count, request, ready):
    """Bytes of resident memory a connection; and how many there were."""
    for one in open_many(server, 50, request, ready):  # what the first ones allocate for all
        one.close()
    time.sleep(0.5)
    before = server.rss_kb()
    sockets = open_many(server, count, request, ready)
    time.sleep(1.5)  # read buffers are given back
    after = server.rss_kb()
    broken = sum(bool(select.select([one], [], [], 0)[0]) for one in sockets[:500] if one.fileno() < 1024)
    for one in sockets:
        one.close()
    assert broken < 500
    return (after - before) * 1024 / count


def memory(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(CONNECTIONS, hard - 200)
    with Promethean(folder / "memory", FIXTURES / "ignore", FAST) as server:
        row(f"idle keep-alive connection (of {count:,})", held(server, count, head(server, "GET", "/health"), b"\r\n\r\n") / 1024, "KB", "at most 12")
    with Promethean(folder / "memory-sse", FIXTURES / "ignore", FAST) as server:
        row(f"idle SSE stream (of {count:,})", held(server, count, head(server, "GET", "/v1/events"), b"\r\n\r\n") / 1024, "KB", "at most 4")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ---- tokens on their way through ----


def delays(server_like, body):
    """Milliseconds from the upstream's send to our reading, of each word."""
    out = []
    for event in ChatStream(server_like, body):
        now = time.monotonic_ns()
        for choice in event.get("choices", []):
            if choice["delta"].get("content"):
                out.append((now - int(choice["delta"]["content"])) / 1e6)
    return out


class Direct:
    """The upstream itself, in the shape ChatStream wants."""

    def __init__(self, upstream):
        self.host, self.port, self.token = "127.0.0.1", upstream.port, "none"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tokens(folder):
    with Upstream() as upstream, Promethean(folder / "tokens", FIXTURES / "ignore", FAST + upstream.model_table("stamps", "flood")) as server:
        direct = statistics.median(delays(Direct(upstream), user("x", model="stamps")))
        through = statistics.median(delays(server, user("x", model="stamps")))
        row("delay a streamed token gains on its way", through - direct, "ms")
        before = cpu_seconds(server.process.pid)
        words = sum(1 for _ in ChatStream(server, user("x", model="flood")))
        row("processor time a streamed token", (cpu_seconds(server.process.pid) - before) * 1e6 / words, "us")


# ---- answers ----


def timed_answer(server, question):
    began = time.monotonic()
    first, text = None, ""
    stream = ChatStream(server, user(question))
    for event in stream:
        text += "".join(choice["delta"].get("content") or "" for choice in event.get("choices", []))
        if first is None and "\n" in text.lstrip():
            first = time.monotonic() - began
    assert stream.done, stream.error
    return (first or time.monotonic() - began) * 1000, (time.monotonic() - began) * 1000


def answers(folder):
    questions = ["Where is gitignore matching implemented?", "How are patterns compiled?", "What does match_files return?",
                 "Where are negated patterns handled?", "Which classes can be registered?"]
    with Promethean(folder / "answers", FIXTURES / "pathspec") as server:
        timed_answer(server, "Which file reads patterns?")
        times = [timed_answer(server, question) for question in questions]
        row("first line of a cited answer, warm: median", statistics.median(first for first, _ in times), "ms")
        row("first line of a cited answer, warm: worst", max(first for first, _ in times), "ms", "at most 300")
        row("whole answer of the embedded model: median", statistics.median(total for _, total in times), "ms")


PARTS = {"throughput": throughput, "memory": memory, "tokens": tokens, "answers": answers}


def main():
    wanted = sys.argv[1:] or list(PARTS)
    with open("/proc/cpuinfo") as info:
        machine = re.search(r"model name\s*: (.*)", info.read())
    print(f"{os.cpu_count()} cores, {machine[1] if machine else 'unknown processor'}; load {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            PARTS[name](pathlib.Path(folder))
    out = ROOT / "build/bench"
    out.mkdir(parents=True, exist_ok=True)
    when = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    report = json.dumps({"when": when, "commit": commit, "load": os.getloadavg()[0], "results": results}, indent=1)
    for file in ("latest.json", f"{when.replace(':', '')}-{commit}.json"):
        (out / file).write_text(report + "\n")
    print(f"written to {out}/latest.json")


if __name__ == "__main__":
    main()
