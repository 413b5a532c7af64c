"""Definitions, uses and outlines: the routes under their three prefixes, and the commands beside them."""
import json

import pytest
from support.server import Promethean, run_command

PREFIXES = ["", "/v0", "/v1"]
FILES = {
    "src/router.py": 'class Router:\n    """Sends requests on."""\n\n    def add(self, route):\n        return route\n\n\ndef router_options():\n    return Router().add(1)\n',
    "src/main.py": "from src.router import Router\n\n# A Router at work.\nrouter = Router()\nprint('Router')\n",
    "test/test_router.py": "def test_router():\n    pass\n",
    "deploy/stack.yaml": "services:\n  flux_capacitor:\n    image: x\n",
    "many.py": "".join(f"def get_{i}():\n    return {i}\n" for i in range(300)),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("symbols") / "root"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory, tree):
    config = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n"
    config += '[[models]]\nname = "none"\nbackend = "openai"\nurl = "http://127.0.0.1:1"\n'
    with Promethean(tmp_path_factory.mktemp("state"), tree, config) as running:
        yield running


def post(server, url, **body):
    status, _, raw = server.post(url, body)
    return status, json.loads(raw)


def found(server, url, **body):
    status, answer = post(server, url, **body)
    assert status == 200 and answer["ok"] is True, answer
    return answer


@pytest.mark.parametrize("prefix", PREFIXES)
def test_find_has_the_originals_shape_and_more(server, prefix):
    answer = found(server, f"{prefix}/symbols/find", query="Router")
    first = answer["results"][0]

    assert {"path", "name", "kind", "startLine", "endLine", "signature"} <= first.keys()
    assert [(hit["match"], hit["name"]) for hit in answer["results"][:2]] == [("exact", "Router"), ("exact", "router")]
    assert first["path"] == "src/router.py" and first["kind"] == "class" and first["line"] == first["startLine"] == 1
    assert [hit["name"] for hit in answer["results"]][2:] == ["router_options", "test_router"]
    scores = [hit["score"] for hit in answer["results"]]
    assert scores == sorted(scores, reverse=True) and answer["total"] == 4 and not answer["truncated"]


def test_find_filters_and_counts_before_it_cuts(server):
    answer = found(server, "/symbols/find", query="get_", limit=10)
    assert answer["total"] == 300 and len(answer["results"]) == 10 and answer["truncated"]
    assert len(found(server, "/symbols/find", query="get_")["results"]) == 200  # the original's limit
    assert {hit["kind"] for hit in found(server, "/symbols/find", query="router", kind="function")["results"]} == {"function"}
    assert {hit["path"] for hit in found(server, "/symbols/find", query="router", path="test/")["results"]} == {"test/test_router.py"}
    assert found(server, "/symbols/find", query="router", paths=["src", "!src/main.py"], lang="py")["total"] == 2


def test_find_by_each_kind_of_match(server):
    def names(**body):
        return [hit["name"] for hit in found(server, "/symbols/find", **body)["results"]]

    assert names(query="Router", match="exact") == ["Router", "router"]
    assert names(query="Router", match="prefix") == ["Router", "router", "router_options"]
    assert names(query="rouopts", match="fuzzy") == ["router_options"]
    assert names(query="Router.add") == ["add"]
    assert names(query="Router", match="best") == ["Router", "router"]
    misspelt = found(server, "/symbols/find", query="Ruoter")
    assert misspelt["results"][0]["match"] == "fuzzy" and "similar" in misspelt["note"]


def test_comments_come_when_asked_for(server):
    assert "comment" not in found(server, "/symbols/find", query="Router", match="exact")["results"][0]
    assert found(server, "/symbols/find", query="Router", match="exact", comments=True)["results"][0]["comment"] == "Sends requests on."


def test_what_has_no_definition_is_answered_textually_and_says_so(server):
    answer = found(server, "/symbols/find", query="flux_capacitor")
    hit = answer["results"][0]
    assert (hit["path"], hit["line"], hit["tier"], hit["match"]) == ("deploy/stack.yaml", 2, "textual", "text")
    assert "yaml" in answer["note"]
    nothing = found(server, "/symbols/find", query="zzz_nowhere_zzz")
    assert nothing["results"] == [] and "zzz_nowhere_zzz" in nothing["note"]


@pytest.mark.parametrize("body, field", [
    ({}, "query"), ({"query": ""}, "query"), ({"query": "  "}, "query"), ({"query": "x", "kind": "klass"}, "kind"), ({"query": "x", "lang": "klingon"}, "lang"),
    ({"query": "x", "match": "roughly"}, "match"), ({"query": "x", "limit": 0}, "limit"), ({"query": "x" * 2000}, "query"),
])
def test_bad_questions_name_the_field(server, body, field):
    status, answer = post(server, "/v1/symbols/find", **body)
    assert status == 400 and answer["ok"] is False and field in answer["message"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_refs_are_code_first_and_say_what_they_are(server, prefix):
    answer = found(server, f"{prefix}/symbols/refs", query="Router")
    places = [(hit["path"], hit["line"], hit["tier"], hit["within"], hit["relation"]) for hit in answer["results"]]
    assert places == [
        ("src/router.py", 9, "syntactic", "code", "same_file"),
        ("src/main.py", 1, "syntactic", "code", "same_folder"),
        ("src/main.py", 4, "syntactic", "code", "same_folder"),
        ("src/main.py", 3, "textual", "comment", "same_folder"),
        ("src/main.py", 5, "textual", "literal", "same_folder"),
    ]
    assert answer["total"] == 5 and answer["files"] == 2 and answer["results"][0]["scope"] == "router_options"
    assert [hit["path"] for hit in answer["definitions"]] == ["src/router.py"]
    few = found(server, f"{prefix}/symbols/refs", query="Router", limit=1, context=1)
    assert few["truncated"] and few["results"][0]["snippet"].count("\n") == 2
    assert found(server, f"{prefix}/symbols/refs", query="Router", path="main")["total"] == 4
    assert "note" in found(server, f"{prefix}/symbols/refs", query="zzz_nowhere_zzz")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_an_outline_is_of_the_file_as_it_is_now(server, tree, prefix):
    fresh = tree / "fresh.py"
    fresh.write_text("class A:\n    def f(self):\n        pass\n")
    answer = server.get_json(f"{prefix}/symbols/outline?path=fresh.py")
    assert [(entry["name"], [child["name"] for child in entry["children"]]) for entry in answer["outline"]] == [("A", ["f"])]
    assert answer["language"] == "python" and answer["tier"] in ("syntax", "scan")
    fresh.write_text("def g():\n    pass\n")
    assert server.get_json(f"{prefix}/symbols/outline?path=fresh.py")["outline"][0]["name"] == "g"
    fresh.unlink()

    yaml = server.get_json(f"{prefix}/symbols/outline?path=deploy/stack.yaml")
    assert yaml["tier"] == "textual" and "yaml" in yaml["note"]
    assert [entry["name"] for entry in yaml["outline"]] == ["services:"]


def test_an_outline_of_nothing_is_an_error(server):
    for path, status in (("fresh.pie", 404), ("../../etc/passwd", 404), ("", 400), ("src", 400)):
        got, _, raw = server.get(f"/v1/symbols/outline?path={path}")
        assert got == status and json.loads(raw)["ok"] is False, path
    candidates = json.loads(server.get("/v1/symbols/outline?path=routr.py")[2])["candidates"]
    assert "src/router.py" in [candidate["path"] for candidate in candidates]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_symbols_index_counts_what_the_globs_hold(server, tree, prefix):
    (tree / "new.py").write_text("def brand_new():\n    pass\n")
    everything = found(server, f"{prefix}/symbols/index")
    assert everything["indexed"] == len(FILES) + 1 and everything["info"] > 300
    assert found(server, "/symbols/find", query="brand_new", match="exact")["total"] == 1
    assert found(server, f"{prefix}/symbols/index", paths=["src/**/*.py"], exclude=["src/main.py"])["indexed"] == 1
    (tree / "new.py").unlink()


# ---- the commands, without a server and with one ----


@pytest.fixture(params=["alone", "server"])
def cli(request, tmp_path_factory, tree, server):
    if request.param == "server":
        return server.run
    home = tmp_path_factory.mktemp("alone")
    return lambda *arguments: run_command(*arguments, home=home, cwd=tree, PROMETHEAN_STATE_DIR=home / "state")


def test_symbols_refs_and_outline_as_commands(cli):
    ran = cli("symbols", "Router")
    assert ran.returncode == 0 and "src/router.py:1-" in ran.stdout and "router_options" not in ran.stdout
    assert "router_options" in cli("symbols", "Router", "--match", "substring").stdout
    assert cli("symbols", "zzz_nowhere_zzz").returncode == 3
    assert cli("symbols", "x", "--kind", "klass").returncode == 2

    document = json.loads(cli("refs", "Router", "--json").stdout)
    assert document["total"] == 5 and document["results"][0]["tier"] == "syntactic"
    assert cli("symbols", "Router", "--refs").stdout == cli("refs", "Router", "-n", "50").stdout != ""
    assert cli("refs", "zzz_nowhere_zzz").returncode == 3

    outline = cli("outline", "src/router.py", "--comments")
    assert outline.returncode == 0 and "class Router" in outline.stdout and "Sends requests on." in outline.stdout
    assert json.loads(cli("outline", "deploy/stack.yaml", "--json").stdout)["tier"] == "textual"
    assert cli("outline", "nowhere.py").returncode == 3


def test_view_shows_lines(cli):
    assert cli("view", "src/router.py:4", "-C", "0").stdout == "     4      def add(self, route):\n"
    assert cli("view", "src/router.py:4-5").stdout.count("\n") == 2
    document = json.loads(cli("view", "src/router.py", "--line", "8", "-C", "1", "--json").stdout)
    assert (document["startLine"], document["endLine"], document["totalLines"]) == (7, 9, 9)
    assert cli("view", "nowhere.py").returncode == 3
    assert cli("view", "../outside.py").returncode != 0
