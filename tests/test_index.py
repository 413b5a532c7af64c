"""The index: what it leaves out, that it is kept, and that it follows the files."""
import json
import os
import subprocess

import pytest
from support.server import run_command, wait_for


def make(root, **files):
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@pytest.fixture
def cli(tmp_path):
    def run(root, *arguments, **environment):
        ran = run_command(*arguments, "--json", home=tmp_path, cwd=root, PROMETHEAN_STATE_DIR=tmp_path / "state", **environment)
        assert ran.returncode in ((0, 1) if arguments[0] == "grep" else (0, 3)), ran.stderr
        return json.loads(ran.stdout) if ran.stdout.strip() else {}

    return run


def paths_with(cli, root, word, **environment):
    return {match["path"] for match in cli(root, "grep", "-F", word, "--first", "10000", **environment).get("results", [])}


def test_a_second_run_reads_only_what_changed(cli, repository):
    first = cli(repository, "index")
    second = cli(repository, "index")
    assert second["reused"] and second["unchanged"] == second["files"] == first["files"]
    assert second["added"] == second["changed"] == second["removed"] == 0

    (repository / "pathspec" / "util.py").write_text("# entirely new text\n")
    (repository / "fresh.py").write_text("FRESH = 1\n")
    (repository / "README.rst").unlink()
    third = cli(repository, "index")
    assert (third["added"], third["changed"], third["removed"]) == (1, 1, 1)


def test_a_second_start_of_the_server_reuses_the_index(start, repository):
    server = start(root=repository)
    wait_for(lambda: server.get_json("/indexer/status")["generation"] > 0)
    generation = server.get_json("/indexer/status")["generation"]
    assert server.stop() == 0
    server.start()

    status = json.loads(server.run("index", "--status", "--json").stdout)
    assert status["files"] > 20 and status["generation"] == generation
    assert server.get_json("/indexer/status")["generation"] == generation


def test_ignored_files_are_those_that_git_ignores(cli, tmp_path):
    root = make(tmp_path / "r", **{
        ".gitignore": "*.log\n/build/\n!keep.log\nsub/*.txt\n**/deep/**/x.c\n\\#odd\ntrailing\\ \n",
        "sub/.gitignore": "!b.txt\n*.md\n",
        "a.log": "NEEDLE", "keep.log": "NEEDLE", "build/x.c": "NEEDLE", "sub/build/x.c": "NEEDLE", "sub/a.txt": "NEEDLE", "sub/b.txt": "NEEDLE",
        "sub/c.md": "NEEDLE", "deep/1/2/x.c": "NEEDLE", "q/deep/x.c": "NEEDLE", "#odd": "NEEDLE", "trailing ": "NEEDLE", "plain.c": "NEEDLE",
    })
    subprocess.run(["git", "init", "-q", root], check=True)
    listed = subprocess.run(["git", "ls-files", "--others", "--exclude-standard", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    theirs = {path for path in listed.split("\0") if path and not path.endswith(".gitignore")}

    assert paths_with(cli, root, "NEEDLE") == theirs


def test_dot_ignore_and_exclude_globs(cli, tmp_path):
    root = make(tmp_path / "r", **{".ignore": "a.c\n", "a.c": "NEEDLE", "b.c": "NEEDLE", "gen/c.c": "NEEDLE"})

    assert paths_with(cli, root, "NEEDLE") == {"b.c", "gen/c.c"}
    assert paths_with(cli, root, "NEEDLE", EXCLUDE_GLOBS="gen/") == {"b.c"}


def test_binary_vendored_and_large_files_are_left_out_and_counted(cli, tmp_path):
    root = make(tmp_path / "r", **{"a.c": "int NEEDLE;\n", "b.bin": b"NEEDLE\0" * 100, "node_modules/x/index.js": "NEEDLE", "big.txt": "NEEDLE " * 400_000})
    cli(root, "index")
    status = cli(root, "index", "--status")

    assert paths_with(cli, root, "NEEDLE") == {"a.c", "big.txt"}  # grep reads what is too large for the index from disk
    left_out = status.get("leftOut") or status.get("left_out")
    assert left_out["binary"] == 1 and left_out["too_large"] == 1
    assert sum(left_out.values()) >= 3


def test_odd_names_and_contents(cli, tmp_path):
    root = make(tmp_path / "r", **{
        "spaces in name.py": "NEEDLE = 1\n", "ünï-🙂.py": "NEEDLE = 2\n", "empty.py": "", "no-newline.py": "NEEDLE", "crlf.py": "a\r\nNEEDLE\r\n",
        "latin1.py": "# NEEDLE é\n".encode("latin-1"), "long.py": "x" * 500_000 + " NEEDLE\n", "quote'\".py": "NEEDLE\n",
    })
    os.symlink("/etc/passwd", root / "outside.py")
    os.symlink(".", root / "loop")
    os.mkfifo(root / "pipe.py")
    found = cli(root, "grep", "-F", "NEEDLE", "--first", "100")["results"]
    places = {(match["path"], match["line"]) for match in found}

    assert {("spaces in name.py", 1), ("ünï-🙂.py", 1), ("no-newline.py", 1), ("crlf.py", 2), ("latin1.py", 1), ("quote'\".py", 1)} <= places
    assert not paths_with(cli, root, "root:x:0")


def test_a_name_with_a_newline_does_no_harm(cli, tmp_path):
    root = make(tmp_path / "r", **{"line\nbreak.py": "NEEDLE\n", "a.py": "NEEDLE\n"})
    assert "a.py" in paths_with(cli, root, "NEEDLE")


def test_an_empty_directory_is_no_error(cli, tmp_path):
    (tmp_path / "r").mkdir()
    assert cli(tmp_path / "r", "index")["files"] == 0


def test_a_damaged_index_is_rebuilt(cli, repository, tmp_path):
    first = cli(repository, "index")
    files = [path for path in (tmp_path / "state" / "index").rglob("*") if path.is_file() and path.stat().st_size > 100]
    assert files
    for path in files:
        data = bytearray(path.read_bytes())
        for at in range(0, len(data), max(1, len(data) // 40)):
            data[at] ^= 0x5A
        path.write_bytes(data[: len(data) * 3 // 4])

    assert cli(repository, "index")["files"] == first["files"]
    assert paths_with(cli, repository, "class GitIgnoreSpec")


def test_a_running_server_sees_what_changes(start, repository):
    server = start(root=repository)
    (repository / "fresh_needle.py").write_text("def fresh_needle_function():\n    return 'NEEDLE'\n")

    def found():
        ran = server.run("search", "fresh_needle_function", "--json")
        return ran.returncode == 0 and any(hit["path"] == "fresh_needle.py" for hit in json.loads(ran.stdout)["results"])

    wait_for(found, 20, "the new file to be found")
    (repository / "fresh_needle.py").unlink()
    wait_for(lambda: not found(), 20, "the deleted file to be gone")
