"""Promethean: the real binary as a child process, on a free port, with a state directory of its own."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PROMETHEAN_BINARY", ROOT / "build/release/promethean"))
FIXTURES = ROOT / "build/assets/fixtures"
SANITIZED = any(word in str(BINARY) for word in ("asan", "tsan", "ubsan"))

# Whatever a person or a CI has set must not change a test.
FOREIGN = re.compile(
    r"^(PROMETHEAN_|AUTH_|EXEC_|LOG_|CC_LOG_|XDG_|OLLAMA_|OPENAI_|ANTHROPIC_|SMARTGPT_)"
    r"|^(PORT|ROOT_PATH|PUBLIC_BASE_URL|EXCLUDE_GLOBS|LLM_MODEL|BROKER_URL|CODEX_BIN|AGENT_STATE_DIR)$"
)


def clean_environment(home, **extra):
    kept = {key: value for key, value in os.environ.items() if not FOREIGN.search(key)}
    return {**kept, "HOME": str(home), "NO_COLOR": "1", **{key: str(value) for key, value in extra.items()}}


def wait_for(condition, seconds=30.0, what="a condition", every=0.02):
    """Polls until `condition()` is true and returns its value. A test never waits for time alone."""
    end = time.monotonic() + seconds * (4 if SANITIZED else 1)
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(every)


class Promethean:
    """with Promethean(home, root) as server: server.post("/v1/chat/completions", {...})"""

    def __init__(self, home, root, config="", environment=None, arguments=(), listen="127.0.0.1:0", state=None):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.root = pathlib.Path(root)
        self.state = pathlib.Path(state or self.home / "state")
        self.port_file = self.home / "port"
        self.log_file = self.home / "server.log"
        self.config_file = self.home / "promethean.toml"
        self.config_file.write_text(config)
        self.environment = clean_environment(self.home, **(environment or {}))
        self.arguments = list(arguments)
        self.listen = listen
        self.process = None
        self.address = None

    def command(self, *arguments):
        return [str(BINARY), *arguments]

    def start(self, wait=True):
        self.port_file.unlink(missing_ok=True)
        listen = ["--listen", self.listen] if self.listen else []
        line = self.command("serve", "--root", str(self.root), *listen, "--port-file", str(self.port_file), "--state-dir",
                            str(self.state), "--config", str(self.config_file), *self.arguments)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home,
                                            env=self.environment)
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self):
        def ready():
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.log()[-4000:]}"
            return self.port_file.exists() and self.port_file.read_text().strip()

        self.address = wait_for(ready, 120, "the port file")

    def stop(self, number=signal.SIGTERM, seconds=30):
        """Sends the signal and returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {seconds} s after signal {number}:\n{self.log()[-4000:]}") from None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        code = self.stop()
        text = self.log()
        assert "Sanitizer" not in text and "runtime error:" not in text, text[-6000:]
        if kind is None:
            assert code in (0, -signal.SIGKILL), f"exit code {code}:\n{text[-4000:]}"

    # ---- looking at it ----

    @property
    def host(self):
        return self.address.rpartition(":")[0]

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    @property
    def url(self):
        return f"http://{self.address}"

    @property
    def token(self):
        return (self.state / "token").read_text().strip()

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def children(self):
        """pid -> command line of the live child processes."""
        found = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(stat[1]) == self.process.pid and stat[0] != "Z":
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # it ended while we looked
        return found

    def worker_pid(self):
        """The model worker's process, or None while there is none."""
        return next((pid for pid, line in self.children().items() if " worker" in line), None)

    def rss_kb(self, pid=None):
        text = pathlib.Path(f"/proc/{pid or self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+)", text, re.M)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    # ---- speaking to it ----

    def request(self, method, path, body=None, headers=None, token=True, timeout=120):
        """One request on a connection of its own: (status, headers as a dict with lower-case names, body bytes)."""
        sent = {} if token is False else {"authorization": f"Bearer {self.token if token is True else token}"}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            sent["content-type"] = "application/json"
        sent.update(headers or {})
        connection = http.client.HTTPConnection(self.host.strip("[]"), self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {key: value for key, value in sent.items() if value is not None})
            answer = connection.getresponse()
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body, **options):
        return self.request("POST", path, body, **options)

    def get_json(self, path, **options):
        status, _, body = self.get(path, **options)
        assert status == 200, (status, body)
        return json.loads(body)

    def is_well(self):
        """The server answers, and is the process that we started."""
        status, _, _ = self.get("/health", token=False)
        return status == 200 and self.process.poll() is None

    def metrics(self):
        """metric name with its labels, as written -> value"""
        status, _, body = self.get("/metrics")
        assert status == 200, (status, body)
        values = {}
        for line in body.decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values

    def metric(self, name):
        """The sum over all labels of one metric; 0.0 when it was never counted."""
        return sum(value for key, value in self.metrics().items() if key == name or key.startswith(name + "{"))

    def run(self, *arguments, timeout=120, **environment):
        """A command of the command line beside this server: same state, same root."""
        return run_command(*arguments, home=self.home, timeout=timeout, cwd=self.root,
                           PROMETHEAN_STATE_DIR=self.state, **environment)


def run_command(*arguments, home, timeout=120, cwd=None, input=None, **environment):
    return subprocess.run([str(BINARY), *map(str, arguments)], stdin=None if input is not None else subprocess.DEVNULL,
                          input=input, capture_output=True, text=True, timeout=timeout, cwd=cwd or home,
                          env=clean_environment(home, **environment))
