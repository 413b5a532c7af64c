#!/usr/bin/env python3
"""make bench-search: fourteen classes of grep over the linux tree, beside ripgrep 15 in the same run.

usage: bench/search/run.py [--json]
  ROUNDS=5      ripgrep and we in turn; medians count
  TREE=DIR      another tree than Debian's linux source (no ignore files in it, or ripgrep and we differ)

Ours is the call in this process, ripgrep's with its start and its output into memory. For each class the set of
path:line must be ripgrep's, else the run fails. Targets: at most 1/4 of ripgrep's time with a literal in the pattern, at
most its time without one; a target that is not met is written, it is no failure. Writes build/bench/search.json.
"""
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("ROUNDS", 5))
TOOL = ROOT / "build/release/grep_bench"
RIPGREP = ROOT / "build/assets/ripgrep/bin/rg"
LINUX = ROOT / "build/linux-source"
STATE = ROOT / "build/bench/search-state"
QUERIES = [json.loads(line) for line in (ROOT / "bench/search/queries.jsonl").read_text().splitlines()]


def say(text):
    print(text, file=sys.stderr, flush=True)


def ripgrep_arguments(query):
    flags = [flag for key, flag in (("ignoreCase", "-i"), ("word", "-w"), ("multiline", "-U"), ("fixed", "-F")) if query.get(key)]
    return [str(RIPGREP), "--no-config", "--no-heading", "-n", "-0", "--color", "never", *flags, "-e", query["pattern"], *query.get("paths", ["."])]


def ripgrep(tree, query):
    """(milliseconds, output)"""
    begin = time.perf_counter()
    ran = subprocess.run(ripgrep_arguments(query), cwd=tree, capture_output=True)
    spent = (time.perf_counter() - begin) * 1000
    if ran.returncode == 2:
        raise SystemExit(f"{query['id']}: ripgrep: {ran.stderr.decode()}")
    return spent, ran.stdout


def places(output):
    """"path:line\\n" of all lines, in the order of paths and lines, as grep_bench hashes them."""
    found = set()
    for line in output.split(b"\n"):
        path, nul, rest = line.partition(b"\0")
        if nul:
            found.add((path.removeprefix(b"./"), int(rest.partition(b":")[0])))
    return b"".join(b"%s:%d\n" % place for place in sorted(found))


class Ours:
    """grep_bench over the tree: answers a query a line."""

    def __init__(self, tree):
        self.process = subprocess.Popen([TOOL, tree, STATE, "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.index = json.loads(self.process.stdout.readline())["index"]

    def ask(self, query):
        self.process.stdin.write(json.dumps(query) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{query['id']}: grep_bench ended")
        return json.loads(answer)


def measure(tree, ours, query):
    theirs_ms, ours_ms = [], []
    ripgrep(tree, query), ours.ask(query)  # warm
    for _ in range(ROUNDS):
        spent, output = ripgrep(tree, query)
        theirs_ms.append(spent)
        answer = ours.ask(query)
        ours_ms.append(answer["ms"][0])
    expected = places(output)
    same = hashlib.sha256(expected).hexdigest() == answer["hash"]
    ratio = statistics.median(a / b for a, b in zip(ours_ms, theirs_ms))
    return {"id": query["id"], "class": query["class"], "lines": answer["lines"], "ripgrep_lines": expected.count(b"\n"), "same": same,
            "ripgrep_ms": statistics.median(theirs_ms), "ours_ms": statistics.median(ours_ms), "ratio": ratio,
            "target": 0.25 if query.get("literal", True) else 1.0}


def main():
    tree = pathlib.Path(os.environ.get("TREE", LINUX))
    if not tree.is_dir():
        raise SystemExit(f"{tree} is not there: scripts/bootstrap bench-search")
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    say(f"indexing {tree}")
    ours = Ours(tree)
    say(f"{ours.index['files']} files, {ours.index['bytes'] / 1e6:.0f} MB in {ours.index['ms'] / 1000:.1f} s")
    print(f"{'':4} {'class':16} {'lines':>9} {'ripgrep ms':>11} {'ours ms':>9} {'ratio':>6}  {'target':>6}")
    rows = []
    for query in QUERIES:
        row = measure(tree, ours, query)
        rows.append(row)
        verdict = "" if row["ratio"] <= row["target"] else "  over the target"
        verdict += "" if row["same"] else f"  ANOTHER SET: ripgrep has {row['ripgrep_lines']} lines"
        print(f"{row['id']:4} {row['class']:16} {row['lines']:9} {row['ripgrep_ms']:11.1f} {row['ours_ms']:9.2f} {row['ratio']:6.3f}  {row['target']:6}{verdict}", flush=True)
    document = {"index": ours.index, "rounds": ROUNDS, "queries": rows}
    (ROOT / "build/bench/search.json").write_text(json.dumps(document, indent=1) + "\n")
    if "--json" in sys.argv:
        print(json.dumps(document))
    sys.exit(0 if all(row["same"] for row in rows) else 1)


main()
