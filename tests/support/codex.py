"""The real Codex CLI (scripts/assets.lock: codex) as a client of the server under test."""
import json
import os
import subprocess

from support.server import ROOT

BINARY = ROOT / "build/assets/codex/bin/codex"


class Codex:
    """A home of its own, a work folder, and no way out but the server. run("exec", ...) gives a Run."""

    def __init__(self, server, place, extra="", token=None):
        self.server, self.home, self.work = server, place / "codex-home", place / "work"
        self.home.mkdir(parents=True)
        self.work.mkdir()
        (place / "home").mkdir()
        self.environment = {
            "HOME": str(place / "home"), "CODEX_HOME": str(self.home), "PATH": os.environ["PATH"], "OUR_KEY": server.token if token is None else token, "NO_COLOR": "1",
            # Whatever else it wants to reach ends here.
            "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "", "NO_PROXY": "127.0.0.1",
        }
        (self.home / "config.toml").write_text(f"""
model_provider = "ours"
web_search = "disabled"
check_for_update_on_startup = false
[model_providers.ours]
name = "ours"
base_url = "http://{server.host}:{server.port}/v1"
wire_api = "responses"
env_key = "OUR_KEY"
{extra}
[analytics]
enabled = false
[features]
plugins = false
""")

    def exec(self, model, prompt, *arguments, resume=None, timeout=90):
        line = [BINARY, "exec", *(["resume", resume] if resume else []), "--json", "--skip-git-repo-check",
                "--dangerously-bypass-approvals-and-sandbox", "-m", model, *arguments, prompt]
        ran = subprocess.run(line, cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        return Run(ran)


class Run:
    def __init__(self, ran):
        self.code, self.stderr = ran.returncode, ran.stderr
        self.events = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]

    def of(self, kind):
        return [event for event in self.events if event["type"] == kind]

    def items(self, kind):
        return [event["item"] for event in self.of("item.completed") if event["item"]["type"] == kind]

    @property
    def text(self):
        return "\n".join(item["text"] for item in self.items("agent_message"))

    @property
    def thread(self):
        return self.of("thread.started")[0]["thread_id"]

    @property
    def error(self):
        return "\n".join(event["error"]["message"] for event in self.of("turn.failed"))

    def __repr__(self):
        return f"exit {self.code}\n{self.stderr[-2000:]}\n" + "\n".join(map(json.dumps, self.events))
