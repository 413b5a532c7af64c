"""The description of the API: it is well-formed, within the limits of its readers, and true."""
import base64
import hashlib
import json
import re
import urllib.parse

import pytest
from support.openapi import Prism, lint, operations
from support.server import Promethean, run_command

SCOPES = ["read", "write", "agents", "exec"]
DESCRIPTIONS = ["/openapi.json", "/v1/openapi.json", "/docs", "/llms.txt"]
VARIANTS = [("full", "3.1"), ("actions", "3.1"), ("full", "3.0"), ("actions", "3.0")]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("described") / "root"
    for path, text in {"README.md": "# Parcels\n\nThe configuration is read in src/parcel.py.\n",
                       "src/parcel.py": "class ParcelError(Exception):\n    pass\n\n\ndef main():\n    return 1\n",
                       "src/main.py": "from parcel import main\n", ".hidden": "x\n"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory, tree, upstream):
    config = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n[exec]\nenabled = true\n"
    config += upstream.model_table("normal")
    with Promethean(tmp_path_factory.mktemp("openapi"), tree, config) as running:
        yield running


def document(server, profile="full", version="3.1", **options):
    return server.get_json(f"/openapi.json?profile={profile}&openapi={version}", **options)


@pytest.fixture(scope="module")
def full(server):
    return document(server)


@pytest.fixture(scope="module")
def file_of(server, tmp_path_factory):
    """file_of(profile, version): the document as a file."""
    folder = tmp_path_factory.mktemp("documents")

    def write(profile="full", version="3.1"):
        file = folder / f"{profile}-{version}.json"
        file.write_text(json.dumps(document(server, profile, version)))
        return file

    return write


def make_token(server, *scopes):
    ran = server.run("token", "create", "--scope", ",".join(scopes))
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


# ---- rules and limits ----

@pytest.mark.parametrize(("profile", "version"), VARIANTS)
def test_spectral_finds_nothing(file_of, profile, version):
    rules = "spectral.yaml" if profile == "actions" else "spectral-full.yaml"
    assert lint(file_of(profile, version), rules) == []


def test_spectral_would_find_something(file_of):
    broken = json.loads(file_of("actions").read_text())
    operation = broken["paths"]["/v1/grep"]["post"]
    operation["description"] = "x" * 301
    del operation["x-openai-isConsequential"]
    file = file_of("actions").with_name("broken.json")
    file.write_text(json.dumps(broken))
    assert {code for code, _, _ in lint(file, "spectral.yaml")} == {"gpt-op-text-300", "gpt-consequential"}


@pytest.mark.parametrize(("profile", "version"), VARIANTS)
def test_it_satisfies_the_specification(server, profile, version):
    from openapi_spec_validator import validate
    validate(document(server, profile, version))


def test_what_an_action_can_have(server):
    actions = document(server, "actions")
    found = list(operations(actions))

    assert 8 <= len(found) <= 24
    assert {"search", "grep", "findSymbols", "viewFile", "listFiles", "getFileTree"} <= {op["operationId"] for _, _, op in found}
    assert all(path.startswith("/v1/") for _, path, _ in found)
    assert actions["security"] == [{"bearerAuth": []}]
    assert re.fullmatch(r"https?://[^/]+", actions["servers"][0]["url"])
    assert len(json.dumps(actions)) < 100_000 and len(actions["info"]["description"]) <= 1000
    for _, _, operation in found:
        assert operation["x-openai-isConsequential"] is (operation["x-promethean-scope"] not in ("none", "any", "read"))
        for text in (operation["summary"], operation["description"]):
            assert 0 < len(text) <= 300
        for parameter in operation.get("parameters", []):
            assert 0 < len(parameter["description"]) <= 700


def test_the_document_under_v1_is_the_one_for_actions_until_told_otherwise(server):
    assert server.get_json("/v1/openapi.json") == document(server, "actions")
    assert server.get_json("/v1/openapi.json?profile=full") == document(server)


# ---- completeness ----

def test_every_family_is_described(full):
    known = {(method, path) for method, path, _ in operations(full)}
    assert known >= {("POST", "/v1/chat/completions"), ("POST", "/v1/responses"), ("DELETE", "/v1/responses/{id}"), ("POST", "/v1/messages"),
                     ("POST", "/api/chat"), ("GET", "/api/tags"), ("POST", "/grep"), ("POST", "/v0/grep"), ("POST", "/v1/grep"),
                     ("GET", "/v1/files/{path}"), ("GET", "/auth/me"), ("GET", "/v1/sessions/{id}"), ("GET", "/metrics"), ("GET", "/docs"),
                     ("GET", "/llms.txt"), ("GET", "/openapi.json"), ("GET", "/")}


def test_components_have_the_names_that_the_original_gave_them(full):
    names = {"GrepRequest", "GrepResult", "SearchResult", "SymbolResult", "FileTreeNode", "StacktraceResult"}
    assert names <= set(full["components"]["schemas"])


def test_everything_is_said(full):
    used = {operation["tags"][0] for _, _, operation in operations(full)}
    assert all(tag["description"] for tag in full["tags"]) and used == {tag["name"] for tag in full["tags"]}
    ids = [operation["operationId"] for _, _, operation in operations(full)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(full):
        assert operation["summary"] and operation["description"] and operation["summary"] != operation["description"], path
        named = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), path
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (path, parameter)
    for profile in ("full", "actions"):
        assert "viewFile" in full["info"]["description"]


@pytest.mark.parametrize("profile", ["full", "actions"])
def test_the_guide_names_calls_that_exist(server, profile):
    made = document(server, profile)
    guide = made["info"]["description"]
    called = set(re.findall(r"`([a-z]+[A-Z]\w+|grep|search)`", guide))
    assert len(called) >= 8 and called <= {operation["operationId"] for _, _, operation in operations(made)}


@pytest.mark.parametrize(("profile", "version"), VARIANTS)
def test_every_reference_leads_somewhere(server, profile, version):
    made = document(server, profile, version)

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                place = made
                for part in value["$ref"].removeprefix("#/").split("/"):
                    place = place[part]
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(made)


def test_three_dot_zero_has_nothing_of_its_successor(server):
    old = document(server, version="3.0")
    assert old["openapi"] == "3.0.3"

    def walk(schema):
        assert not {"const", "examples", "$defs", "definitions"} & set(schema), schema
        assert isinstance(schema.get("type", ""), str) and schema.get("type") != "null", schema
        for bound in ("exclusiveMinimum", "exclusiveMaximum"):
            assert isinstance(schema.get(bound, True), bool)
        for item in [*schema.get("properties", {}).values(), *schema.get("allOf", []), *schema.get("anyOf", []), *schema.get("oneOf", [])]:
            walk(item)
        for key in ("items", "additionalProperties", "not"):
            if isinstance(schema.get(key), dict):
                walk(schema[key])

    for schema in old["components"]["schemas"].values():
        walk(schema)


# ---- the same bytes for everybody ----

@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/openapi.json?profile=actions", "/openapi.json?openapi=3.0"])
def test_what_is_known_is_not_sent_again(server, path):
    status, headers, body = server.get(path)
    etag = headers["etag"]
    assert status == 200 and re.fullmatch(r'"[0-9a-f]{32}"', etag) and body

    status, headers, nothing = server.get(path, headers={"if-none-match": f'"other", {etag}'})
    assert (status, nothing, headers["etag"]) == (304, b"", etag)
    assert server.get(path, headers={"if-none-match": '"other"'})[0] == 200
    status, headers, nothing = server.request("HEAD", path)
    assert (status, nothing, headers["etag"], headers["content-length"]) == (200, b"", etag, str(len(body)))


def test_another_process_says_the_same_bytes_and_the_public_name(start):
    environment = {"PUBLIC_BASE_URL": "https://code.example/"}
    first, second = start(environment=environment), start(environment=environment)
    bodies = [server.get(path) for server in (first, second) for path in DESCRIPTIONS]
    for one, other in zip(bodies[:4], bodies[4:], strict=True):
        assert one[2] == other[2] and one[1]["etag"] == other[1]["etag"]
    assert document(first)["servers"] == [{"url": "https://code.example"}]
    assert b"https://code.example/v1/grep" in bodies[2][2]
    assert first.get("/openapi.json", headers={"host": "code.example"})[0] == 200


def test_a_wrong_variant_is_refused_by_name(server):
    for query, name in (("profile=all", "profile"), ("openapi=2.0", "openapi")):
        status, _, body = server.get(f"/openapi.json?{query}")
        assert status == 400 and json.loads(body)["param"] == name


# ---- who may call ----

def target_of(path):
    return re.sub(r"\{\w+\}", "x", path)


def test_no_route_answers_whom_it_should_not(server, full):
    """Every route of the table: without a token, with a wrong one, without its scope, by a foreign name, for a foreign page."""
    lacking = {scope: make_token(server, *(other for other in SCOPES if other != scope)) for scope in SCOPES}
    lacking["admin"] = make_token(server, *SCOPES)
    walked = list(operations(full))
    assert len(walked) > 60
    for method, path, operation in walked:
        body = {} if "requestBody" in operation else None
        call = {"method": method, "path": target_of(path), "body": body}
        scope, where = operation["x-promethean-scope"], f"{method} {path}"

        for header in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}):
            assert server.request(**call, headers=header)[0] == 403, (where, header)
        if scope == "none":
            assert operation["security"] == [], where
            assert server.request(**call, token=False)[0] < 400, where
            continue
        assert "security" not in operation, where
        for token in (False, "pmt_" + "0" * 64):
            status, headers, _ = server.request(**call, token=token)
            assert (status, "www-authenticate" in headers) == (401, True), where
        if scope != "any":
            status, headers, _ = server.request(**call, token=lacking[scope])
            assert status == 403 and f'scope="{scope}"' in headers["www-authenticate"], where


def test_the_open_routes_are_few(full):
    assert {path for _, path, operation in operations(full) if operation["x-promethean-scope"] == "none"} == {"/", "/health", "/api/hello", "/api/version"}


def test_descriptions_need_any_credential_unless_they_are_public(server, start):
    runner = make_token(server, "exec")
    public = start(environment={"OPENAPI_PUBLIC": "true"})
    for path in DESCRIPTIONS:
        assert server.get(path, token=False)[0] == 401
        assert server.get(path, token=runner)[0] == 200
        assert public.get(path, token=False)[0] == 200
        assert public.get(path, token=False, headers={"host": "evil.example"})[0] == 403
    assert public.get("/files/list", token=False)[0] == 401


@pytest.mark.parametrize("prefix", ["", "/v0", "/v1"])
def test_auth_me(server, prefix):
    runner = make_token(server, "exec", "read")
    me = server.get_json(f"{prefix}/auth/me", token=runner)
    assert me.pop("id").startswith("tok_")
    assert me == {"ok": True, "auth": True, "mode": "static", "cookie": None, "scopes": ["exec", "read"]}
    for token in (False, "wrong"):
        status, _, body = server.get(f"{prefix}/auth/me", token=token)
        assert status == 401
        if prefix != "/v1":
            assert json.loads(body)["ok"] is False and json.loads(body)["error"] == "unauthorized"


def test_credentials_as_the_original_took_them(start):
    server = start(environment={"AUTH_ENABLED": "true", "AUTH_MODE": "static", "AUTH_TOKENS": "secret/one,secret-two", "AUTH_COOKIE": "smartgpt_auth"})

    def asks(**headers):
        return server.get("/auth/me", token=False, headers={name.replace("_", "-"): value for name, value in headers.items()})[0]

    for token in ("secret/one", "secret-two"):
        assert asks(authorization=f"bearer {token}") == asks(authorization=f"Bearer {token}") == asks(x_pi_token=token) == asks(x_api_key=token) == 200
    for cookie in ("smartgpt_auth=secret-two", "a=b; smartgpt_auth=\"secret-two\"", "smartgpt_auth=secret%2Fone"):
        assert asks(cookie=cookie) == 200, cookie
    assert asks() == asks(authorization="Bearer x") == asks(x_pi_token="x") == asks(cookie="smartgpt_auth=x") == asks(cookie="other=secret-two") == 401
    assert asks(authorization="Bearer x", x_pi_token="secret-two") == 401, "the first one counts"

    me = server.get_json("/auth/me", token="secret-two")
    assert me["cookie"] == "smartgpt_auth" and me["scopes"] == ["read", "write", "agents", "exec", "admin"]
    schemes = document(server, token="secret-two")["components"]["securitySchemes"]
    assert schemes["cookie"] == {"type": "apiKey", "in": "cookie", "name": "smartgpt_auth"}
    assert schemes["piToken"]["name"] == "x-pi-token" and schemes["bearerAuth"] == {"type": "http", "scheme": "bearer"}


def test_without_authentication_nothing_is_asked_for_and_the_loopback_is_the_limit(start, tmp_path, pathspec_copy):
    server = start(environment={"AUTH_ENABLED": "false", "AUTH_COOKIE": "sid"})
    assert server.get_json("/auth/me", token=False) == {"ok": True, "auth": False, "cookie": "sid"}
    made = document(server, token=False)
    assert "security" not in made and "securitySchemes" not in made["components"]
    assert "no credential is asked for" in server.log()

    ran = run_command("serve", "--root", pathspec_copy, "--listen", "0.0.0.0:0", "--state-dir", tmp_path / "s", home=tmp_path, timeout=60, AUTH_ENABLED="false")
    assert ran.returncode == 2 and "loopback" in ran.stderr


# ---- what is answered is what is described ----

ASKED = {"model": "normal", "messages": [{"role": "user", "content": "Where is the configuration read?"}]}

GOOD = [
    ("GET", "/", None), ("GET", "/health", None), ("GET", "/metrics", None), ("GET", "/api/hello", None),
    ("GET", "/docs", None), ("GET", "/llms.txt", None), ("GET", "/openapi.json", None), ("GET", "/openapi.json?openapi=3.0", None),
    ("GET", "/v1/openapi.json?profile=full", None),
    *(call for prefix in ("", "/v0", "/v1") for call in (
        ("GET", prefix + "/auth/me", None),
        ("GET", prefix + "/files/list", None), ("GET", prefix + "/files/list?path=src&type=file&hidden=true", None),
        ("GET", prefix + "/files/tree?depth=3", None), ("GET", prefix + "/files/view?path=README.md&line=2&context=0", None),
        ("POST", prefix + "/stacktrace/locate", {"text": '  File "src/parcel.py", line 6, in main\n  File "/usr/lib/x.py", line 1\nsrc/main.py:1:3'}),
        ("POST", prefix + "/search", {"query": "configuration", "n": 3}), ("POST", prefix + "/search", {"q": "parcel"}),
        ("POST", prefix + "/grep", {"pattern": "main", "context": 1}), ("POST", prefix + "/grep", {"pattern": "main", "mode": "files"}),
        ("POST", prefix + "/grep", {"pattern": "m", "mode": "count", "flags": "i", "maxMatches": 1}), ("POST", prefix + "/grep", {"pattern": "nowhere-at-all"}),
        ("POST", prefix + "/symbols/find", {"query": "main"}), ("POST", prefix + "/symbols/find", {"query": "mian", "comments": True, "limit": 1}),
        ("POST", prefix + "/exec/run", {"command": "echo hello"}), ("POST", prefix + "/exec/run", {"command": ["false"], "timeoutMs": 9000}),
        ("POST", prefix + "/exec/run", {"command": "echo", "cwd": "../.."}),
        ("POST", prefix + "/symbols/refs", {"query": "main", "context": 1}), ("GET", prefix + "/symbols/outline?path=src/parcel.py&comments=true", None),
        ("GET", prefix + "/symbols/outline?path=README.md&tier=scan", None), ("POST", prefix + "/symbols/index", {"paths": ["src"]}), ("GET", prefix + "/indexer/status", None))),
    *((*call, body) for prefix in ("", "/v0", "/v1") for call, body in (
        (("POST", prefix + "/files/reindex"), {"path": ["README.md", "src"]}), (("POST", prefix + "/files/reindex?path=README.md"), None),
        (("POST", prefix + "/indexer/index"), {"path": "src/main.py"}), (("POST", prefix + "/indexer/remove"), {"path": "src/main.py"}),
        (("POST", prefix + "/reindex"), None), (("POST", prefix + "/indexer/index?path=src/main.py"), None))),
    ("GET", "/v1/indexer", None), ("GET", "/v1/indexer/left-out", None), ("GET", "/v1/indexer/left-out?reason=binary&limit=1", None),
    ("POST", "/v1/indexer", {"op": "reindex"}), ("POST", "/v1/indexer", {"op": "pause"}), ("POST", "/v1/indexer", {"op": "resume"}),
    ("POST", "/v1/search/semantic", {"query": "configuration"}), ("POST", "/v1/search/code", {"pattern": "main"}),
    ("GET", "/v1/files", None), ("GET", "/v1/files?path=src&tree=true", None), ("GET", "/v1/files/README.md", None),
    ("GET", "/v1/files/src%2Fparcel.py?line=1", None), ("GET", "/v1/files/src", None),
    ("GET", "/v1/models", None), ("GET", "/v1/models/normal", None), ("GET", "/v1/sessions", None),
    ("POST", "/v1/chat/completions", ASKED), ("POST", "/v1/chat/completions", {**ASKED, "session_id": "kept"}),
    ("GET", "/v1/sessions", None), ("GET", "/v1/sessions/kept", None), ("DELETE", "/v1/sessions/kept", None),
    ("POST", "/v1/completions", {"model": "normal", "prompt": "once"}), ("POST", "/v1/responses", {"model": "normal", "input": "hello"}),
    ("POST", "/v1/responses/input_tokens", {"model": "normal", "input": "hello"}),
    ("POST", "/v1/messages", {**ASKED, "max_tokens": 20}), ("POST", "/v1/messages/count_tokens", ASKED),
    ("POST", "/api/chat", {**ASKED, "stream": False}), ("POST", "/api/generate", {"model": "normal", "prompt": "once", "stream": False}),
    ("GET", "/api/tags", None), ("GET", "/api/ps", None), ("GET", "/api/version", None), ("POST", "/api/show", {"model": "normal"}),
    ("POST", "/api/pull", {"model": "normal", "stream": False}),
]

BAD = [
    *((status, method, prefix + path, body) for prefix in ("", "/v0", "/v1") for status, method, path, body in (
        (400, "GET", "/files/list?path=nowhere", None), (400, "GET", "/files/list?type=socket", None), (400, "GET", "/files/tree?depth=x", None),
        (404, "GET", "/files/view?path=parcel.py", None), (404, "GET", "/files/view?path=../../etc/passwd", None), (400, "GET", "/files/view", None),
        (400, "GET", "/files/view?path=README.md&line=0", None), (400, "POST", "/grep", {}), (400, "POST", "/grep", {"pattern": "("}),
        (400, "POST", "/search", {}), (400, "POST", "/symbols/find", {"query": 3}), (400, "POST", "/symbols/find", {"query": "a", "kind": "nothing"}),
        (400, "POST", "/exec/run", {"command": ""}), (400, "POST", "/exec/run", {"cwd": 3}),
        (404, "GET", "/symbols/outline?path=nowhere.py", None), (400, "GET", "/symbols/outline", None), (400, "POST", "/symbols/refs", {}), (400, "POST", "/stacktrace/locate", {}))),
    *((400, "POST", prefix + path, body) for prefix in ("", "/v0", "/v1") for path in ("/files/reindex", "/indexer/index", "/indexer/remove")
      for body in (None, {"path": 7})),
    (400, "GET", "/v1/indexer/left-out?reason=x", None), (400, "POST", "/v1/indexer", {"op": "explode"}), (400, "POST", "/v1/indexer", {"op": "index"}),
    (404, "GET", "/v1/files/nowhere", None), (404, "GET", "/v1/models/none", None), (404, "GET", "/v1/responses/none", None),
    (404, "DELETE", "/v1/responses/none", None), (400, "GET", "/v1/responses/none/input_items?limit=0", None), (404, "GET", "/v1/sessions/none", None),
    (400, "POST", "/v1/chat/completions", {}), (404, "POST", "/v1/chat/completions", {**ASKED, "model": "none"}), (400, "POST", "/v1/completions", {}),
    (400, "POST", "/v1/messages", {}), (404, "POST", "/v1/messages", {**ASKED, "model": "none", "max_tokens": 9}), (400, "POST", "/v1/responses", {"input": 3}),
    (400, "POST", "/api/chat", {"messages": 3}), (404, "POST", "/api/chat", {**ASKED, "model": "none"}), (404, "POST", "/api/show", {"model": "none"}),
    (400, "POST", "/api/embed", {}), (400, "GET", "/openapi.json?profile=x", None), (426, "GET", "/v1/responses", None),
]


def test_good_calls_and_their_answers_are_as_described(server, file_of):
    with Prism(server, file_of()) as prism:
        for method, path, body in GOOD:
            status, text = prism.request(method, path, body)
            assert status == 200, (method, path, text[:2000])
        status, text = prism.request("POST", "/v1/responses", {"model": "normal", "input": "hello"})
        kept = json.loads(text)["id"]
        for method, path in (("GET", f"/v1/responses/{kept}"), ("GET", f"/v1/responses/{kept}/input_items?order=asc"), ("DELETE", f"/v1/responses/{kept}")):
            status, text = prism.request(method, path)
            assert status == 200, (method, path, text[:2000])
        status, text = prism.request("POST", "/v1/grep", {"pattern": 3})
        assert status == 422 and "pattern" in text, "the description says what a pattern is"


def test_refusals_are_as_described(server, file_of):
    reader = make_token(server, "exec")
    with Prism(server, file_of(), requests=False) as prism:
        for expected, method, path, body in BAD:
            status, text = prism.request(method, path, body)
            assert status == expected, (method, path, text[:2000])
        for path in ("/files/list", "/v1/models", "/api/tags"):
            assert prism.request("GET", path, token=False)[0] == 401
            assert prism.request("GET", path, token=reader)[0] == 403


def test_a_wrong_answer_would_be_found(server, file_of):
    wrong = json.loads(file_of().read_text())
    wrong["components"]["schemas"]["GrepResult"]["properties"]["line"] = {"type": "string"}
    file = file_of().with_name("wrong.json")
    file.write_text(json.dumps(wrong))
    with Prism(server, file) as prism:
        status, text = prism.request("POST", "/v1/grep", {"pattern": "main"})
        assert status == 500 and "VIOLATIONS" in text


def test_every_example_is_taken(server, full):
    """What the documents show as an example is a request that the server takes."""
    tried = 0
    for method, path, operation in operations(full):
        target, query = path, []
        for parameter in operation.get("parameters", []):
            for example in parameter["schema"].get("examples", [])[:1]:
                if parameter["in"] == "path":
                    target = target.replace("{" + parameter["name"] + "}", str(example))
                else:
                    query.append((parameter["name"], example))
        if "requestBody" not in operation or not operation["requestBody"]["required"] and "$ref" not in str(operation["requestBody"]):
            if query:
                tried += 1
                status, _, body = server.get(f"{target}?{urllib.parse.urlencode(query)}")
                assert status == 200, (path, body)
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        example, = full["components"]["schemas"][name]["examples"]
        status, _, body = server.request(method, target, example)
        tried += 1
        assert status < 500 and status not in (400, 401, 403, 405, 413, 415), (path, status, body)
    assert tried > 30


# ---- for people and models ----

def test_the_page_is_whole_and_runs_nothing(server, full):
    status, headers, body = server.get("/docs")
    page = body.decode()
    assert status == 200 and headers["content-type"] == "text/html; charset=utf-8"

    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for _, path, operation in operations(full):
        assert operation["operationId"] in ids and path in page
    assert {link[1:] for link in re.findall(r'href="(#[^"]+)"', page)} <= set(ids)
    assert {link for link in re.findall(r'href="([^#"]+)"', page)} == {"/openapi.json", "/openapi.json?openapi=3.0", "/openapi.json?profile=actions", "/llms.txt"}
    assert not re.search(r"<script|<img|<link|<iframe|<form|\son\w+=|\sstyle=|\ssrc=|@import|url\(", page)

    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert headers["content-security-policy"] == ("default-src 'none'; style-src 'sha256-" + digest + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def test_the_pages_tags_are_closed(server):
    import html.parser

    class Balance(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.wrong = [], []

        def handle_starttag(self, tag, attrs):
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag):
            if not self.open or self.open.pop() != tag:
                self.wrong.append((tag, self.getpos()))

    balance = Balance()
    balance.feed(server.get("/docs")[2].decode())
    assert balance.wrong == [] and balance.open == []


def test_llms_txt(server, full):
    status, headers, body = server.get("/llms.txt")
    text = body.decode()
    assert status == 200 and headers["content-type"] == "text/plain; charset=utf-8"
    lines = text.splitlines()
    assert lines[0] == "# Promethean" and lines[2].startswith("> ")
    assert [line for line in lines if line.startswith("## ")][-1] == "## Optional"
    for _, path, operation in operations(full):
        if operation["tags"] != ["Original paths"]:
            assert f"[{operation['operationId']}: " in text
    links = re.findall(r"\]\(([^)]+)\)", text)
    page = server.get("/docs")[2].decode()
    for link in links:
        assert link.startswith(server.url + "/")
        if "/docs#" in link:
            assert f'id="{link.rpartition("#")[2]}"' in page
        else:
            assert server.get(link.removeprefix(server.url))[0] == 200
