#!/usr/bin/env python3
"""make bench-gateway: what going through promethean costs, beside nginx as an unbuffered proxy to the same mock model,
and beside LiteLLM, in the same run. Prints a table, writes build/bench/gateway.json.

usage: bench/gateway/run.py [--json]
  ROUNDS=3        everything is measured in rounds, direct, nginx and promethean in turn; medians count
  SECONDS_EACH=3  one measurement
  LITELLM=0       leave LiteLLM out (it is measured in the first round only)

On promethean authentication, rate limits, metrics and a JSON log are on, and it is checked that they are; nginx writes
no log and checks nothing. Each gateway has one core, the mock and the load have another. Ratios are of the same round,
since the speed of a shared machine drifts; a target that is not met is written, it is no failure of this program. Where
others use the machine, give this a scheduling group of its own that goes first:
  setsid -w bash -c 'echo -20 > /proc/$$/autogroup; exec make bench-gateway'
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.server import Promethean, wait_for  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", 3))
SECONDS = float(os.environ.get("SECONDS_EACH", 3))
TOOLS = pathlib.Path(os.environ.get("BENCH_TOOLS", ROOT / "build/release"))
LITELLM = ROOT / "build/litellm-venv/bin/litellm"
CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORE, LOAD_CORE, MOCK_CORE = CORES[0], CORES[-1], CORES[-2] if len(CORES) > 2 else CORES[-1]

WORDS = 16          # of a whole answer
STREAMS = 400       # at once, each
INTERVAL_US = 20_000
HELD = 1000         # streams that wait
WHOLE = f"mock-{WORDS}-0"
STREAMED = f"mock-{int(SECONDS * 1e6 / INTERVAL_US)}-{INTERVAL_US}"
MODELS = sorted({WHOLE, STREAMED, "mock-hang", "mock-mute"})
KEY = "sk-bench-0123456789abcdef"


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- processes ----


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(core, *command):
    return ["taskset", "-c", str(core), *map(str, command)]


def end(process, seconds=10):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def family(pid):
    """A process and what it started, threads not counted."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [pid] + [each for child in children for each in family(int(child))]


def cpu_seconds(pid):
    """What all threads of the family have used, to the nanosecond."""
    total = 0
    for one in family(pid):
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def rss_kb(pid):
    total = 0
    for one in family(pid):
        for line in pathlib.Path(f"/proc/{one}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total


class Subject:
    """Somebody who answers on a port: `pid` is what is looked at, 0 for the mock itself."""

    def __init__(self, name, port, pid, token=KEY):
        self.name, self.port, self.pid, self.token = name, port, pid, token
        self.idle_kb = rss_kb(pid) if pid else 0


@contextlib.contextmanager
def mock():
    process = subprocess.Popen(pinned(MOCK_CORE, TOOLS / "mock_upstream", 0), stdout=subprocess.PIPE, text=True)
    try:
        yield Subject("direct", int(process.stdout.readline()), 0)
    finally:
        end(process)


@contextlib.contextmanager
def nginx(folder, upstream):
    """One worker, nothing buffered, connections kept alive on both sides, no log: as little as a proxy can do."""
    folder.mkdir()
    port = free_port()
    (folder / "nginx.conf").write_text(f"""daemon off; worker_processes 1; worker_rlimit_nofile 16384; pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; client_max_body_size 8m; client_body_buffer_size 256k;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off;
    }}
  }}
}}
""")
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen(pinned(GATEWAY_CORE, program, "-p", folder, "-c", folder / "nginx.conf"), stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: accepts(port) and len(family(process.pid)) > 1, 10, "nginx")
        yield Subject("nginx", port, process.pid)
    finally:
        end(process)


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True


def promethean_config(folder, upstream):
    config = f"""[server]
cores = 1
embedded_model = false
rate_per_second = 1000000
rate_burst = 1000000
[log]
level = "info"
json = true
file = "{folder}/requests.jsonl"
"""
    for name, model, retrieval in [(name, name, "false") for name in MODELS] + [("with-retrieval", WHOLE, "true")]:
        config += f"""[[models]]
name = "{name}"
upstream = "{model}"
backend = "openai"
url = "http://127.0.0.1:{upstream}"
retrieval = {retrieval}
max_concurrency = 10000
context = 131072
"""
    return config


@contextlib.contextmanager
def promethean(folder, upstream):
    with Promethean(folder, ROOT, promethean_config(folder, upstream)) as server:
        for thread in os.listdir(f"/proc/{server.process.pid}/task"):
            os.sched_setaffinity(int(thread), {GATEWAY_CORE})
        subject = Subject("promethean", server.port, server.process.pid, server.token)
        check_what_is_on(server, folder)
        yield subject


def check_what_is_on(server, folder):
    """The figures are of a gateway that checks, limits, counts and logs; if it did not, there would be nothing to show."""
    question = {"model": WHOLE, "messages": [{"role": "user", "content": "x"}]}
    status = server.post("/v1/chat/completions", question, token=False)[0]
    assert status == 401, f"a request without a token got {status}"
    status, _, body = server.post("/v1/chat/completions", question)
    assert status == 200, body
    metrics = server.get("/metrics")[2].decode()
    assert 'promethean_http_requests_total{route="createChatCompletion",status="2xx"} 1' in metrics, metrics
    wait_for(lambda: '"what":"POST /v1/chat/completions"' in (folder / "requests.jsonl").read_text(), 10, "a line in the log")


@contextlib.contextmanager
def litellm(folder, upstream):
    """One worker, with a master key. No database, no log of requests: what `litellm --config` gives."""
    folder.mkdir()
    port = free_port()
    models = [{"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": f"http://127.0.0.1:{upstream}/v1",
                                                      "api_key": "none"}} for name in MODELS]
    (folder / "config.yaml").write_text(json.dumps({"model_list": models, "general_settings": {"master_key": KEY}}))
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "HOME": str(folder)}
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(pinned(GATEWAY_CORE, LITELLM, "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", port,
                                          "--num_workers", 1), stdout=log, stderr=log, cwd=folder, env=environment)
        try:
            def ready():
                assert process.poll() is None, (folder / "log").read_text()[-2000:]
                return accepts(port)
            wait_for(ready, 120, "LiteLLM")
            yield Subject("LiteLLM", port, process.pid)
        finally:
            end(process)


# ---- measurements ----


def load(subject, mode, model, **keys):
    """One run of the load generator; its report, and the processor time that the gateway used meanwhile."""
    command = pinned(LOAD_CORE, TOOLS / "load", mode, subject.port, model, f"token={subject.token}", *(f"{k}={v}" for k, v in keys.items()))
    before = cpu_seconds(subject.pid) if subject.pid else 0
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, f"{subject.name}: {ran.stderr}"
    report = json.loads(ran.stdout)
    report["cpu"] = cpu_seconds(subject.pid) - before if subject.pid else 0
    if subject.name != "LiteLLM":
        assert report["refused"] == report["broken"] == 0, f"{subject.name}: {report}"
    return report


def whole(subject):
    report = load(subject, "whole", WHOLE, connections=32, seconds=SECONDS)
    figures = {"whole_rps": report["answered"] / report["seconds"]}
    if subject.pid:
        figures["whole_core"] = report["answered"] / report["cpu"]
    return figures


def paced(subject, name="paced", model=WHOLE, **keys):
    report = load(subject, "paced", model, seconds=SECONDS, **{"rate": 300, **keys})
    return {f"{name}_p50": report["request_p50_ms"], f"{name}_p99": report["request_p99_ms"]}


def prompt(subject):
    return paced(subject, "prompt", rate=100, prompt=100_000)


def streams(subject):
    report = load(subject, "streams", STREAMED, connections=STREAMS, seconds=2 * SECONDS + 5)
    figures = {"first_p50": report["request_p50_ms"], "first_p99": report["request_p99_ms"], "lag_p50": report["word_p50_ms"],
               "lag_p99": report["word_p99_ms"], "lost": STREAMS * int(SECONDS * 1e6 / INTERVAL_US) - report["words"]}
    if subject.pid:
        figures["chunk_cpu"] = report["cpu"] * 1e6 / report["words"]
    return figures


def settled_rss(pid):
    """Resident memory once it has stopped to change."""
    seen = []

    def steady():
        seen.append(rss_kb(pid))
        return len(seen) > 5 and max(seen[-5:]) - min(seen[-5:]) < 64
    with contextlib.suppress(AssertionError):
        wait_for(steady, 10, "steady memory", every=0.2)
    return seen[-1]


def held(subject, upstream, model, count):
    """KB of memory of a stream that waits: `count` more of them than the warm-up had."""
    def hold(streams, then):
        command = pinned(LOAD_CORE, TOOLS / "load", "hold", subject.port, model, f"token={subject.token}", f"connections={streams}")
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "holding\n", f"{subject.name} does not hold {streams} streams"
        wait_for(lambda: busy(upstream) == streams, 60, "streams at the mock")
        value = then()
        process.communicate(input="", timeout=30)
        wait_for(lambda: busy(upstream) == 0, 60, f"the end of the streams: {subject.name} goes on without clients")
        return value
    hold(20, lambda: None)
    before = settled_rss(subject.pid)
    return (hold(count, lambda: settled_rss(subject.pid)) - before) / count


def busy(upstream):
    with socket.create_connection(("127.0.0.1", upstream.port)) as peer:
        peer.sendall(b"GET /stats HTTP/1.1\r\nhost: x\r\n\r\n")
        return json.loads(peer.recv(4096).partition(b"\r\n\r\n")[2])["busy"]


MEASUREMENTS = [whole, paced, prompt, streams]


# ---- the table ----

# name, what, unit, what the ratio to nginx must be, the most that the value may be, guide for a quiet machine
ROWS = [
    ("whole_rps", "whole requests, 32 connections", "/s", None, None, ""),
    ("whole_core", "whole requests a core", "/s", ("at least", 0.26), None, "20,000"),
    ("paced_p50", "300 requests/s: delay p50", "ms", ("at most", 1.7), None, "0.30"),
    ("paced_p99", "300 requests/s: delay p99", "ms", ("at most", 2.5), None, "0.80"),
    ("prompt_p50", "100 KB prompt, 100/s: delay p50", "ms", ("at most", 2.1), None, "0.7"),
    ("prompt_p99", "100 KB prompt, 100/s: delay p99", "ms", ("at most", 2.8), None, "1.5"),
    ("first_p50", f"{STREAMS} streams: first token p50", "ms", ("at most", 1.7), None, "2.5"),
    ("first_p99", f"{STREAMS} streams: first token p99", "ms", ("at most", 1.9), None, "5"),
    ("lag_p50", f"{STREAMS} streams x 50/s: chunk lag p50", "ms", ("at most", 2.3), None, "0.4"),
    ("lag_p99", f"{STREAMS} streams x 50/s: chunk lag p99", "ms", ("at most", 2.2), None, "1.5"),
    ("chunk_cpu", "processor time a chunk", "us", ("at most", 1.7), None, "20"),
    ("lost", "chunks lost", "", None, 0, ""),
    ("muted", f"a stream waiting for its first token (of {HELD:,})", "KB", None, 24, ""),
    ("held", f"a stream waiting for its next token (of {HELD:,})", "KB", None, 24, ""),
    ("idle", "idle process, no model", "MB", None, 30, ""),
    ("retrieval_p50", "20/s with retrieval over this repository: p50", "ms", None, None, ""),
    ("retrieval_p99", "20/s with retrieval over this repository: p99", "ms", None, None, ""),
]


def median(values):
    return statistics.median(values) if values else None


def judge(row, rounds):
    """One row: medians of each subject, the median of the rounds' ratios, and whether the target is met."""
    name, what, unit, ratio_target, most, guide = row
    values = {subject: median([r[name] for r in rounds[subject] if name in r]) for subject in rounds}
    ratios = [ours[name] / theirs[name] for ours, theirs in zip(rounds["promethean"], rounds["nginx"], strict=False)
              if name in ours and theirs.get(name)]
    ratio = median(ratios)
    target, met = "", None
    if ratio_target is not None:
        word, factor = ratio_target
        target = f"{word} {factor} x"
        met = ratio >= factor if word == "at least" else ratio <= factor
    elif most is not None:
        target, met = f"at most {most} {unit}".rstrip(), values["promethean"] <= most
    return {"name": name, "what": what, "unit": unit, "values": values, "ratio": ratio, "ratios": ratios, "target": target, "guide": guide,
            "met": met}


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def print_table(rows, subjects):
    line = "{:<50}{:>5}" + "{:>12}" * len(subjects) + "{:>8}  {:<15} {:<8} {}"
    print(line.format("", "", *subjects, "ratio", "target", "guide", ""))
    for row in rows:
        verdict = {None: "", True: "pass", False: "FALLS SHORT"}[row["met"]]
        cells = [number(row["values"].get(subject)) for subject in subjects]
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        print(line.format(row["what"], row["unit"], *cells, ratio, row["target"], row["guide"], verdict))


def measure(folder):
    with mock() as upstream:
        rounds = alternate(folder / "alternate", upstream)
        for model, name in (("mock-mute", "muted"), ("mock-hang", "held")):
            say(f"memory of {HELD:,} waiting streams: {name}")
            # Each in a process of its own: what was freed once is taken again and would not show.
            for start in (nginx, promethean):
                with start(folder / f"{start.__name__}-{name}", upstream.port) as subject:
                    rounds[subject.name][0] |= {"idle": subject.idle_kb / 1024, name: held(subject, upstream, model, HELD)}
        if os.environ.get("LITELLM") != "0":
            rounds |= beside_litellm(folder, upstream)
        return rounds


def alternate(folder, upstream):
    folder.mkdir()
    with nginx(folder / "nginx", upstream.port) as proxy, promethean(folder / "promethean", upstream.port) as ours:
        subjects = [upstream, proxy, ours]
        rounds = {subject.name: [{} for _ in range(ROUNDS)] for subject in subjects}
        for subject in subjects:
            load(subject, "whole", WHOLE, connections=32, seconds=1)
        for number_of_round in range(ROUNDS):
            for measurement in MEASUREMENTS:
                say(f"round {number_of_round + 1} of {ROUNDS}: {measurement.__name__}")
                for subject in subjects:
                    rounds[subject.name][number_of_round] |= measurement(subject)
        say("retrieval")
        rounds[ours.name][0] |= paced(ours, "retrieval", "with-retrieval", rate=20)
        return rounds


def beside_litellm(folder, upstream):
    """What people use today. Whatever goes wrong with it is said, and is no failure of this run."""
    if not LITELLM.exists():
        say("LiteLLM is not installed (scripts/bootstrap bench-gateway says why): left out")
        return {}
    figures = {}
    try:
        with litellm(folder / "litellm", upstream.port) as subject:
            figures["idle"] = subject.idle_kb / 1024
            load(subject, "whole", WHOLE, connections=8, seconds=1)
            for measurement in MEASUREMENTS:
                say(f"LiteLLM: {measurement.__name__}")
                figures |= measurement(subject)
            figures |= {"held": held(subject, upstream, "mock-hang", HELD // 10)}
    except Exception as error:
        say(f"LiteLLM: {error}")
    return {"LiteLLM": [figures]}


def main():
    say(f"{len(CORES)} cores, load {os.getloadavg()[0]:.1f}; gateways on core {GATEWAY_CORE}, load on {LOAD_CORE}, mock on {MOCK_CORE}; "
        f"{ROUNDS} rounds of {SECONDS:g} s")
    with tempfile.TemporaryDirectory() as folder:
        rounds = measure(pathlib.Path(folder))
    rows = [judge(row, rounds) for row in ROWS]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    report = {"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit, "load": os.getloadavg()[0], "rows": rows,
              "rounds": rounds}
    out = ROOT / "build/bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "gateway.json").write_text(json.dumps(report, indent=1) + "\n")
    if "--json" in sys.argv[1:]:
        print(json.dumps(report, indent=1))
        return
    print_table(rows, list(rounds))
    print(f"\nDelays are of the way there and back, the mock's own time left out. Load {os.getloadavg()[0]:.1f} at the end. "
          f"Written to {out}/gateway.json")


if __name__ == "__main__":
    main()
