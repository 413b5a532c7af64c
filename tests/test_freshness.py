"""No answer is behind the disk: edits, mass changes, moved directories, ignore rules, kill -9, and what the indexer says."""
import itertools
import json
import os
import shutil
import signal
import threading
import time

import pytest

PREFIXES = ["", "/v0", "/v1"]


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    for i in range(200):
        path = root / f"pkg{i % 10}" / f"module{i}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"def function_{i}():\n    return 'marker-old-{i};'\n")
    (root / ".git").mkdir()
    return root


CONFIG = ("[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n"
          '[[models]]\nname = "none"\nbackend = "openai"\nurl = "http://127.0.0.1:1"\n')


@pytest.fixture
def server(start, tree):
    return start(tree, config=CONFIG)


def post(server, url, body, status=200):
    got, _, raw = server.post(url, body)
    answer = json.loads(raw)
    assert got == status, answer
    return answer


def get(server, url, status=200):
    got, _, raw = server.get(url)
    answer = json.loads(raw)
    assert got == status, answer
    return answer


def grep(server, pattern, **more):
    answer = post(server, "/v1/grep", {"pattern": pattern, "fixed": True, "context": 0, "maxMatches": 100000, **more})
    assert "stale" not in answer, answer
    assert answer["pending"] == 0 and answer["generation"] >= 1 and answer["as_of"]
    return {(r["path"], r["line"]) for r in answer["results"]}


def settled(server):
    for _ in range(600):
        status = get(server, "/indexer/status")
        if status["ready"] and not status["updating"] and status["pending"] == 0:
            return status
        time.sleep(0.05)
    raise AssertionError(status)


def test_an_edit_is_in_the_very_next_answer_of_each_route(server, tree):
    grep(server, "marker-old-1;")
    for round_ in range(10):
        name = f"brand_new_{round_}"
        (tree / "pkg3" / "module3.py").write_text(f"# pad\ndef {name}():\n    return 'edit-{round_}'\n")
        assert grep(server, f"edit-{round_}") == {("pkg3/module3.py", 3)}
        view = get(server, "/files/view?path=pkg3/module3.py&line=2&context=0")
        assert view["snippet"] == f"def {name}():"
        symbols = post(server, "/symbols/find", {"query": name})["results"]
        assert [(s["path"], s["startLine"]) for s in symbols] == [("pkg3/module3.py", 2)]
        hits = post(server, "/search", {"q": name})["results"]
        assert hits[0]["path"] == "pkg3/module3.py" and name in hits[0]["text"]


def test_files_that_come_go_shrink_and_move_leave_nothing(server, tree):
    assert grep(server, "marker-old-7;") >= {("pkg7/module7.py", 2)}
    (tree / "pkg7" / "module7.py").write_text("")
    assert ("pkg7/module7.py", 2) not in grep(server, "marker-old-7;")
    (tree / "pkg7" / "module7.py").unlink()
    (tree / "new" / "deep").mkdir(parents=True)
    (tree / "new" / "deep" / "x.py").write_text("moved-marker\n")
    assert grep(server, "moved-marker") == {("new/deep/x.py", 1)}
    os.rename(tree / "new", tree / "renamed")
    assert grep(server, "moved-marker") == {("renamed/deep/x.py", 1)}
    (tree / "renamed" / "deep" / "x.py").write_text("moved-marker again\n\nmoved-marker\n")
    assert grep(server, "moved-marker") == {("renamed/deep/x.py", 1), ("renamed/deep/x.py", 3)}
    shutil.rmtree(tree / "renamed")
    assert grep(server, "moved-marker") == set()


def test_ignore_rules_count_at_once(server, tree):
    assert grep(server, "marker-old-12;") == {("pkg2/module12.py", 2)}
    (tree / ".gitignore").write_text("module12.py\n")
    assert grep(server, "marker-old-12;") == set()
    (tree / ".gitignore").write_text("pkg3/\n")
    assert grep(server, "marker-old-12;") == {("pkg2/module12.py", 2)}
    assert grep(server, "marker-old-13;") == set()
    (tree / "pkg3" / "module13.py").write_text("marker-new-13\n")
    assert grep(server, "marker-new-13") == set()
    (tree / ".gitignore").unlink()
    assert grep(server, "marker-new-13") == {("pkg3/module13.py", 1)}


def test_answers_stay_right_while_everything_is_rewritten(server, tree):
    """A file is old or new, never both, never neither; and once all are written all are new."""
    grep(server, "x")
    done = threading.Event()

    def rewrite():
        for i in range(200):
            (tree / f"pkg{i % 10}" / f"module{i}.py").write_text(f"def function_{i}():\n    return 'marker-new-{i}.'\n")
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    newest = 0
    while not done.is_set():
        now = len(grep(server, "marker-new-"))
        assert now >= newest
        newest = now
    writer.join()
    assert len(grep(server, "marker-new-")) == 200
    assert grep(server, "marker-old-") == set()
    began = time.monotonic()
    settled(server)
    assert time.monotonic() - began < 30


def test_same_size_and_old_times_do_not_deceive(server, tree):
    path = tree / "pkg0" / "module0.py"
    before = path.stat()
    path.write_text(path.read_text().replace("marker-old-0", "marker-NEW-0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert grep(server, "marker-NEW-0") == {("pkg0/module0.py", 2)}


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.05, 0.2])
def test_a_killed_server_starts_right(start, tree, moment):
    server = start(tree, config=CONFIG)
    grep(server, "marker-old-1;")

    def write():
        for i in itertools.count():
            if killed.is_set():
                return
            (tree / "pkg1" / "module1.py").write_text(f"state {i}\n")
            (tree / "pkg1" / f"extra{i % 5}.py").write_text(f"extra {i}\n")

    killed = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(moment)
    server.stop(signal.SIGKILL)
    killed.set()
    writer.join()
    shutil.rmtree(tree / "pkg2")
    server.start()
    want = {(str(p.relative_to(tree)), 1) for p in (tree / "pkg1").glob("extra*.py")}
    assert grep(server, "extra ") == want
    assert grep(server, "state ") == {("pkg1/module1.py", 1)}
    assert grep(server, "marker-old-12;") == set()


# ---- the indexer's routes ----


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_status_has_the_original_shape(server, prefix):
    settled(server)
    answer = get(server, f"{prefix}/indexer/status")
    assert answer["ok"] is True
    status = answer["status"]
    assert status["mode"] == "indexed" and status["active"] is False and status["bootstrap"] is None
    assert status["queuedFiles"] == 0 and status["processedFiles"] == 200 and status["lastError"] is None
    assert status["startedAt"] <= status["finishedAt"]
    assert answer["files"] == 200 and answer["pending"] == 0


@pytest.mark.parametrize("prefix", PREFIXES)
def test_reindexing_removing_and_resetting(server, tree, prefix):
    settled(server)
    assert post(server, f"{prefix}/reindex", {}) == {"ok": True, "queued": 200}
    settled(server)
    assert post(server, f"{prefix}/files/reindex", {"path": "pkg4/module4.py"}) == {"ok": True, "queued": 1}
    assert post(server, f"{prefix}/files/reindex", {"path": ["pkg4", "pkg5/*.py"]}) == {"ok": True, "queued": 40}
    assert post(server, f"{prefix}/files/reindex?path=pkg4/module4.py", {}) == {"ok": True, "queued": 1}
    assert post(server, f"{prefix}/indexer/index", {"path": "pkg4/module4.py"}) == {"ok": True, "queued": 1}
    for route in ["files/reindex", "indexer/index", "indexer/remove"]:
        answer = post(server, f"{prefix}/{route}", {}, 400)
        assert answer["ok"] is False and "Missing 'path'" in answer["error"]
        assert post(server, f"{prefix}/{route}", {"path": 7}, 400)["ok"] is False
        assert post(server, f"{prefix}/{route}", {"path": "../outside"}, 403)["ok"] is False
    assert post(server, f"{prefix}/indexer/remove", {"path": "./pkg6//module6.py"})["ok"] is True
    assert grep(server, "marker-old-6;") == set()
    (tree / "pkg6" / "module6.py").write_text("marker-old-6; changed\n")
    assert ("pkg6/module6.py", 1) not in grep(server, "marker-old-6;")
    assert get(server, f"{prefix}/indexer/status")["leftOut"]["removed"] == 1
    assert post(server, f"{prefix}/indexer/index", {"path": "pkg6/module6.py"})["ok"] is True
    assert ("pkg6/module6.py", 1) in grep(server, "marker-old-6;")
    post(server, f"{prefix}/indexer/remove", {"path": "pkg6/module6.py"})
    settled(server)
    assert post(server, f"{prefix}/indexer/reset", {}) == {"ok": True}
    assert ("pkg6/module6.py", 1) in grep(server, "marker-old-6;")


def test_the_consolidated_indexer(server):
    settled(server)
    answer = get(server, "/v1/indexer")
    assert answer["stats"]["files"] == 200 and answer["lastIndexedAt"] and answer["status"]["mode"] == "indexed"
    assert post(server, "/v1/indexer", {"op": "pause"})["status"]["paused"] is True
    assert post(server, "/v1/indexer", {"op": "resume"})["status"]["paused"] is False
    assert post(server, "/v1/indexer", {"op": "reindex", "path": "pkg1"}) == {"ok": True, "queued": 20}
    assert post(server, "/v1/indexer", {"op": "explode"}, 400)["ok"] is False
    assert post(server, "/v1/indexer", {"op": "index"}, 400)["error"] == "Missing 'path'"


def test_a_paused_index_says_what_is_pending(server, tree):
    grep(server, "x")
    post(server, "/v1/indexer", {"op": "pause"})
    (tree / "pkg1" / "module1.py").write_text("while-paused\n")
    answer = post(server, "/v1/grep", {"pattern": "while-paused"})
    assert answer["results"] == [] and "paused" in answer["stale"] and answer["pending"] >= 1
    post(server, "/v1/indexer", {"op": "resume"})
    assert grep(server, "while-paused") == {("pkg1/module1.py", 1)}


def test_what_is_left_out_is_listed_by_reason(server, tree):
    (tree / "picture.bin").write_bytes(b"\0\1\2")
    (tree / "huge.txt").write_text("x" * (3 << 20))
    (tree / ".gitignore").write_text("*.log\n")
    (tree / "a.log").write_text("x\n")
    os.symlink("huge.txt", tree / "link")
    os.mkfifo(tree / "fifo")

    def listed(**query):
        text = "&".join(f"{k}={v}" for k, v in query.items())
        answer = get(server, f"/v1/indexer/left-out?{text}")
        return [f["path"] for f in answer["files"]], answer

    assert listed(reason="binary")[0] == ["picture.bin"]
    assert listed(reason="too_large")[0] == ["huge.txt"]
    assert listed(reason="ignored")[0] == ["a.log"]
    assert listed(reason="not_regular")[0] == ["fifo", "link"]
    assert listed()[0] == ["huge.txt", "picture.bin"]
    first, answer = listed(limit=1)
    assert first == ["huge.txt"] and answer["next"] == "huge.txt"
    assert listed(limit=1, after="huge.txt")[1]["next"] is None
    assert answer["counts"] == {"binary": 1, "too_large": 1, "ignored": 1, "not_regular": 2}
    assert get(server, "/v1/indexer/left-out?reason=taste", 400)["ok"] is False
