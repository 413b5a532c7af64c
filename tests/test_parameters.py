"""Every documented parameter is accepted by every kind of backend, or its refusal is documented: docs/compatibility.md is
held against what happens, and the table of parameters against the types of the official SDK."""
import json

import pytest
from support.models import KINDS, SERVER, assert_error
from support.parameters import ENDPOINTS, With, members_of, table_of
from support.server import ROOT, Promethean
from support.sse import PLAIN

PAGE = (ROOT / "docs/compatibility.md").read_text()
SDK = ROOT / "build/assets/node_modules/openai/resources"


def asked(endpoint):
    """(parameter, value, the request's other members), one after the other."""
    parameters, least, _, _ = ENDPOINTS[endpoint]
    for name, values in parameters.items():
        for value in values:
            alone = value if isinstance(value, With) else With(value)
            yield name, alone.value, {**least, **alone.others}


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for kind in KINDS:
        config += upstream.model_table(kind, upstream=f"normal:parameters-{kind}", backend=kind, retries=0)
    with Promethean(tmp_path_factory.mktemp("parameters"), pathspec_copy, config) as running:
        yield running


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_parameter_of_the_sdk_is_forgotten(endpoint):
    parameters, _, interface, path = ENDPOINTS[endpoint]
    names = members_of((SDK / path).read_text(), interface)
    assert len(names) >= 5 and "model" in names
    assert set(names) - set(parameters) == set(), "in the SDK's types, but not in support/parameters.py"
    assert set(names) - set(table_of(PAGE, endpoint)) == set(), "in the SDK's types, but not in docs/compatibility.md"


def expect(server, endpoint, kind, model, name, value, others, fate):
    body = {**others, "model": model, name: value}
    status, _, raw = server.post(endpoint, body)
    if fate == "refused" or status == 400:  # what stands beside the parameter may be what is refused, too
        assert status == 400, f"{name}={value!r} is refused by the documents, and not by {kind}: {raw[:400]}"
        error = assert_error(json.loads(raw))
        form = forms_that_are_refused(endpoint, kind, name, value) and error["param"] == name
        assert form or (error["param"] in body and table_of(PAGE, endpoint)[error["param"]][kind] == "refused"), (name, value, error)
        return False
    assert status == 200, f"{name}={value!r} at {kind}: {status} {raw[:400]}"
    if body.get("stream"):
        assert b"[DONE]" in raw or b"response.completed" in raw, raw[-400:]
        assert b'"error":{' not in raw
    return True


def forms_that_are_refused(endpoint, kind, name, value):
    """Of a parameter that is taken otherwise: said in words in the table's last column."""
    tokens = isinstance(value, list) and isinstance(value[0], (int, list))
    return kind == "ollama" and name in ("prompt", "input") and tokens and endpoint != "/v1/responses"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_parameter_has_its_documented_fate(server, upstream, endpoint, kind):
    table = table_of(PAGE, endpoint)
    record = upstream.of(f"normal:parameters-{kind}")
    for name, value, others in asked(endpoint):
        fate = table[name][kind]
        if forms_that_are_refused(endpoint, kind, name, value):
            fate = "refused"
        before = len(record.requests)
        went = expect(server, endpoint, kind, kind, name, value, others, fate)
        sent = record.requests[before:]
        assert bool(sent) == went, (name, sent)
        if went and fate == "yes" and name not in ("prompt", "input", "messages", "model"):
            assert sent[-1].get(name) == value, f"{name} did not reach {kind}: {sent[-1]}"
        if went and fate == "ignored":
            assert sent[-1].get(name) != value, f"{name} reached {kind}, which is said not to get it"


@pytest.mark.model
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_parameter_has_its_documented_fate_at_the_local_model(real, endpoint):
    table = table_of(PAGE, endpoint)
    model = real.get_json("/v1/models")["data"][0]["id"]
    limit = {"/v1/chat/completions": {"max_completion_tokens": 24, "retrieval": PLAIN}, "/v1/completions": {"max_tokens": 2},
             "/v1/embeddings": {}, "/v1/responses": {"max_output_tokens": 24, "retrieval": PLAIN}}[endpoint]
    for name, value, others in asked(endpoint):
        expect(real, endpoint, "local", model, name, value, {**limit, **others}, table[name]["local"])
