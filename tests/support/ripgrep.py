"""ripgrep 15 as the oracle of our grep: the set of (path, line) that it prints."""
import base64
import json
import subprocess

from support.server import ROOT

RIPGREP = ROOT / "build/assets/ripgrep/bin/rg"


def run(root, *arguments):
    return subprocess.run([str(RIPGREP), "--no-config", *arguments], cwd=root, capture_output=True, timeout=60)


def matches(root, *arguments):
    """[(path, line, column, lines)] of each match that `rg --json` reports, or None for a pattern it does not take."""
    ran = run(root, "--json", *arguments)
    if ran.returncode == 2 and not ran.stdout.strip():
        return None
    found = []
    for line in ran.stdout.splitlines():
        event = json.loads(line)
        if event["type"] != "match":
            continue
        data = event["data"]
        path = data["path"].get("text")
        text = data["lines"]["text"].encode() if "text" in data["lines"] else base64.b64decode(data["lines"]["bytes"])
        spans = text.count(b"\n") + (not text.endswith(b"\n"))
        column = data["submatches"][0]["start"] + 1 if data["submatches"] else 1
        found.append((path.removeprefix("./"), data["line_number"], column, spans))
    return found


def lines(root, *arguments):
    """{(path, line)} of every line of every match, or None."""
    found = matches(root, *arguments)
    if found is None:
        return None
    return {(path, line + more) for path, line, _, spans in found for more in range(spans)}
