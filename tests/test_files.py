"""The bridge's files and stack traces, under its three prefixes, as its clients know them."""
import json
import os
import threading
import urllib.parse

import pytest

PREFIXES = ["", "/v0", "/v1"]
NUMBERS = "".join(f"line {number}\n" for number in range(1, 101))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    base = tmp_path_factory.mktemp("bridge")
    root = base / "root"
    for path, text in {
        "README.md": "# Parcels\n",
        "src/parcel.py": "def weigh(parcel):\n    return 1\n",
        "src/deep/er/most.txt": "deep\n",
        "src/größe.txt": "groß\n",
        "numbers.txt": NUMBERS,
        "crlf.txt": "one\r\ntwo\r\nthree\r\n",
        "open.txt": "no newline at the end",
        "empty.txt": "",
        ".hidden": "x\n",
        ".gitignore": "*.log\nout/\n",
        "src/.gitignore": "secret.txt\n",
        "src/secret.txt": "s\n",
        "a.log": "log\n",
        "out/x.txt": "x\n",
        "image.png": "\x89PNG\0\0",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode("latin-1") if path.endswith(".png") else text.encode())
    (root / ".git").mkdir()
    outside = base / "root-evil"
    outside.mkdir()
    (outside / "secret.txt").write_text("outside\n")
    os.symlink(outside / "secret.txt", root / "leads-out")
    os.symlink(outside, root / "leads-out-dir")
    os.symlink("README.md", root / "leads-in")
    os.symlink("src", root / "leads-in-dir")
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory, tree):
    from support.server import Promethean
    config = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n"
    config += '[[models]]\nname = "none"\nbackend = "openai"\nurl = "http://127.0.0.1:1"\n'
    with Promethean(tmp_path_factory.mktemp("files"), tree, config) as running:
        yield running


def get(server, url, **query):
    if query:
        url += "?" + urllib.parse.urlencode(query)
    status, _, raw = server.get(url)
    return status, json.loads(raw)


def found(server, url, **query):
    status, answer = get(server, url, **query)
    assert status == 200 and answer["ok"] is True, answer
    return answer


def refused(server, status, url, **query):
    got, answer = get(server, url, **query)
    assert got == status, answer
    assert answer["ok"] is False and answer["statusCode"] == status and answer["error"] and answer["message"]
    return answer


def names(answer):
    return [entry["name"] for entry in answer["entries"]]


# ---- list ----

@pytest.mark.parametrize("prefix", PREFIXES)
def test_list_directories_first_then_by_name(server, prefix):
    answer = found(server, f"{prefix}/files/list")

    assert answer["base"] == "."
    assert names(answer) == ["leads-in-dir", "src", "README.md", "crlf.txt", "empty.txt", "image.png", "leads-in",
                             "leads-out", "leads-out-dir", "numbers.txt", "open.txt"]
    assert answer["ignored"] == 2, "a.log and out/"
    readme = next(entry for entry in answer["entries"] if entry["name"] == "README.md")
    assert readme == {"name": "README.md", "path": "README.md", "type": "file", "size": 10, "mtimeMs": readme["mtimeMs"]}
    source = next(entry for entry in answer["entries"] if entry["name"] == "src")
    assert source["type"] == "dir" and source["size"] is None


def test_list_says_what_links_are(server):
    entries = {entry["name"]: entry for entry in found(server, "/files/list")["entries"]}
    assert entries["leads-in"]["type"] == "file" and entries["leads-in"]["link"] is True
    assert entries["leads-in-dir"]["type"] == "dir"
    assert entries["leads-out"]["type"] == entries["leads-out-dir"]["type"] == "link"


@pytest.mark.parametrize("path", ["src", "/src", "./src/", "src/../src", "//src//"])
def test_list_knows_a_directory_however_it_is_written(server, path):
    answer = found(server, "/files/list", path=path)
    assert answer["base"] == "src" and names(answer) == ["deep", "größe.txt", "parcel.py"]
    assert [entry["path"] for entry in answer["entries"]][2] == "src/parcel.py"


def test_list_hidden_and_type(server):
    assert ".hidden" in names(found(server, "/files/list", hidden="true"))
    assert ".git" not in names(found(server, "/files/list", hidden="true"))
    assert set(names(found(server, "/files/list", type="dir"))) == {"src", "leads-in-dir"}
    assert "src" not in names(found(server, "/files/list", type="file"))


@pytest.mark.parametrize("path", ["nowhere", "README.md", "../root-evil", "leads-out-dir", "/etc", "src/../../root-evil", "a\0b"])
def test_list_refuses_what_is_no_directory_below_the_root(server, path):
    refused(server, 400, "/files/list", path=path)


@pytest.mark.parametrize("query", [{"hidden": "maybe"}, {"type": "socket"}])
def test_list_refuses_wrong_values(server, query):
    assert refused(server, 400, "/files/list", **query)["param"] == next(iter(query))


# ---- tree ----

@pytest.mark.parametrize("prefix", PREFIXES)
def test_tree(server, prefix):
    tree = found(server, f"{prefix}/files/tree", path="src")["tree"]
    assert [child["name"] for child in tree["children"]] == ["deep", "größe.txt", "parcel.py"]
    assert tree["children"][0].get("children") in (None, []), "one level by default"

    deep = found(server, f"{prefix}/files/tree", path="src", depth=3)["tree"]["children"][0]
    assert deep["children"][0]["name"] == "er" and deep["children"][0]["children"][0]["path"] == "src/deep/er/most.txt"


@pytest.mark.parametrize("depth", ["-1", "x", "1000", "1.5"])
def test_tree_refuses_a_wrong_depth(server, depth):
    assert refused(server, 400, "/files/tree", depth=depth)["param"] == "depth"


# ---- view ----

@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("query", "start", "end", "focus"), [
    ({}, 1, 26, 1), ({"line": 50}, 25, 75, 50), ({"line": 50, "context": 0}, 50, 50, 50), ({"line": 50, "context": 1}, 49, 51, 50),
    ({"line": 100}, 75, 100, 100), ({"line": 4000000000}, 75, 100, 100), ({"line": 3, "context": 9999}, 1, 100, 3),
])
def test_view_is_a_window_around_the_line(server, prefix, query, start, end, focus):
    answer = found(server, f"{prefix}/files/view", path="numbers.txt", **query)

    assert (answer["startLine"], answer["endLine"], answer["focusLine"], answer["totalLines"]) == (start, end, focus, 100)
    assert answer["snippet"] == "\n".join(f"line {number}" for number in range(start, end + 1))
    assert answer["path"] == "numbers.txt"


@pytest.mark.parametrize(("path", "snippet", "lines"), [
    ("crlf.txt", "one\ntwo\nthree", 3), ("open.txt", "no newline at the end", 1), ("empty.txt", "", 0), ("src/größe.txt", "groß", 1),
    ("/README.md", "# Parcels", 1), ("./src/../README.md", "# Parcels", 1), ("leads-in", "# Parcels", 1), ("leads-in-dir/parcel.py", "def weigh(parcel):\n    return 1", 2),
])
def test_view_of_all_kinds_of_files(server, path, snippet, lines):
    answer = found(server, "/files/view", path=path)
    assert answer["snippet"] == snippet and answer["totalLines"] == lines


@pytest.mark.parametrize("path", ["nowhere.txt", "leads-out", "leads-out-dir/secret.txt", "../root-evil/secret.txt", "/etc/passwd", "src/../../root-evil/secret.txt"])
def test_view_of_what_is_not_there_or_outside_is_not_found(server, path):
    answer = refused(server, 404, "/files/view", path=path)
    assert "outside\n" not in json.dumps(answer)


@pytest.mark.parametrize(("path", "meant"), [("parcel.py", "src/parcel.py"), ("source/parcel.py", "src/parcel.py"), ("SRC/Parcel.py", "src/parcel.py"),
                                             ("src/parcle.py", "src/parcel.py"), ("most", "src/deep/er/most.txt")])
def test_view_names_what_may_have_been_meant_and_shows_none_of_it(server, path, meant):
    answer = refused(server, 404, "/files/view", path=path)
    assert answer["candidates"][0]["path"] == meant and 0 < answer["candidates"][0]["score"] <= 1
    assert "snippet" not in answer


def test_view_has_no_candidates_for_what_resembles_nothing(server):
    assert refused(server, 404, "/files/view", path="zzzzzzzzzzzz")["candidates"] == []


def test_view_refuses_what_has_no_lines(server):
    assert "binary" in refused(server, 400, "/files/view", path="image.png")["error"]
    refused(server, 400, "/files/view", path="src")
    assert refused(server, 400, "/files/view")["param"] == "path"


@pytest.mark.parametrize("query", [{"line": "0"}, {"line": "x"}, {"line": "-3"}, {"context": "-1"}, {"context": "99999999999"}])
def test_view_refuses_wrong_numbers(server, query):
    assert refused(server, 400, "/files/view", path="numbers.txt", **query)["param"] == next(iter(query))


def test_view_is_of_the_disk_not_of_the_index(server, tree):
    (tree / "fresh.txt").write_text("one\n")
    assert found(server, "/files/view", path="fresh.txt")["snippet"] == "one"
    (tree / "fresh.txt").write_text("two\nthree\n")
    assert found(server, "/files/view", path="fresh.txt")["snippet"] == "two\nthree"
    (tree / "fresh.txt").unlink()
    refused(server, 404, "/files/view", path="fresh.txt")


# ---- /v1/files ----

def test_v1_files_is_a_file_or_a_directory(server):
    assert found(server, "/v1/files/src/parcel.py")["totalLines"] == 2
    assert found(server, "/v1/files", path="src/parcel.py", line=2, context=0)["snippet"] == "    return 1"
    entries = found(server, "/v1/files", path="src")["entries"]
    assert "src/deep/er" in [entry["path"] for entry in entries], "flattened to depth 2"
    assert "src/deep/er/most.txt" not in [entry["path"] for entry in entries]
    assert found(server, "/v1/files/src", tree="true")["tree"]["children"]
    assert found(server, "/v1/files")["base"] == "."
    refused(server, 404, "/v1/files/nowhere")
    refused(server, 404, "/v1/files/leads-out-dir/secret.txt")


# ---- hostile paths ----

def test_no_path_leads_outside_while_links_are_swapped(server, tree):
    """10,000 hostile paths while another process swaps a directory for a link to the outside."""
    swapped = tree / "swapped"
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            swapped.mkdir(exist_ok=True)
            (swapped / "secret.txt").write_text("inside\n")
            (swapped / "secret.txt").unlink()
            swapped.rmdir()
            os.symlink(tree.parent / "root-evil", swapped)
            swapped.unlink()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        pieces = ["swapped/secret.txt", "swapped/../swapped/secret.txt", "leads-out-dir/secret.txt", "../root-evil/secret.txt", "..%2froot-evil/secret.txt",
                  "src/../../root-evil/secret.txt", "//../root-evil/secret.txt", "swapped/./secret.txt", "....//root-evil/secret.txt", "leads-in-dir/../../root-evil/secret.txt"]
        seen = set()
        for number in range(10_000):
            path = "./" * (number % 7) + pieces[number % len(pieces)]
            status, _, raw = server.get(f"/files/view?path={urllib.parse.quote(path)}")
            seen.add(status)
            assert b"outside" not in raw.replace(b"lies outside the root", b""), path
            assert status in (200, 400, 404), raw
        assert 404 in seen
    finally:
        stop.set()
        thread.join()
        if swapped.is_symlink():
            swapped.unlink()


# ---- stack traces ----

TRACE = """Traceback (most recent call last):
  File "/home/ci/build/root/src/parcel.py", line 2, in weigh
  File "/usr/lib/python3/json/decoder.py", line 9, in decode
    at run (numbers.txt:50:3)
src/parcel.py:1: error
"""


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("field", ["text", "trace"])
def test_stacktrace(server, prefix, field):
    status, _, raw = server.post(f"{prefix}/stacktrace/locate", {field: TRACE, "context": 0})
    answer = json.loads(raw)
    assert status == 200 and answer["ok"], answer
    places = [(item["path"], item["line"], item["resolved"], item.get("relPath"), item.get("snippet")) for item in answer["results"]]
    assert places == [
        ("/home/ci/build/root/src/parcel.py", 2, True, "src/parcel.py", "    return 1"),
        ("/usr/lib/python3/json/decoder.py", 9, False, None, None),
        ("numbers.txt", 50, True, "numbers.txt", "line 50"),
        ("src/parcel.py", 1, True, "src/parcel.py", "def weigh(parcel):"),
    ]
    assert answer["results"][2]["column"] == 3 and answer["results"][0]["function"] == "weigh"


def test_stacktrace_refuses_wrong_bodies(server):
    for body in [{}, {"text": 3}, {"text": "a", "context": -1}]:
        status, _, raw = server.post("/stacktrace/locate", body)
        assert status == 400 and json.loads(raw)["ok"] is False
