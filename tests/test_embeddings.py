"""POST /v1/embeddings: by the official SDK, which asks for base64, and by hand."""
import base64
import json
import math
import struct

import openai
import pytest
from support.models import SERVER, assert_error
from support.server import Promethean
from support.upstream_script import vector

KINDS = ["openai", "ollama"]


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for kind in KINDS:
        names = [f"{name}:{kind}-vec" for name in ("normal", "html", "status-503", "status-401", "flaky-1")]
        config += upstream.model_table(*names, backend=kind)
    config += upstream.model_table("normal:anthropic-vec", backend="anthropic")
    with Promethean(tmp_path_factory.mktemp("embeddings"), pathspec_copy, config) as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key=server.token, max_retries=0)


def embed(server, **body):
    status, _, raw = server.post("/v1/embeddings", body)
    return status, json.loads(raw)


def test_the_sdk_gets_the_vectors_of_all_texts_in_their_order(client, kind):
    texts = ["one", "four", "größer"]
    answer = client.embeddings.create(model=f"normal:{kind}-vec", input=texts)

    assert answer.object == "list" and answer.model == f"normal:{kind}-vec"
    assert [entry.index for entry in answer.data] == [0, 1, 2]
    for entry, text in zip(answer.data, texts):
        assert entry.embedding == pytest.approx(vector(text), abs=1e-6)
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 9


def test_numbers_come_as_the_backend_wrote_them(server, kind):
    status, answer = embed(server, model=f"normal:{kind}-vec", input="four", encoding_format="float")
    assert status == 200
    assert answer["data"] == [{"object": "embedding", "index": 0, "embedding": vector("four")}]
    assert embed(server, model=f"normal:{kind}-vec", input="four", encoding_format=None)[1]["data"] == answer["data"], "the default"


@pytest.mark.parametrize("text", ["a", "ab", "abc"])
def test_base64_is_floats_of_32_bits_with_the_low_byte_first(server, kind, text):
    _, answer = embed(server, model=f"normal:{kind}-vec", input=text, encoding_format="base64")

    assert answer["data"][0]["embedding"] == base64.b64encode(struct.pack("<4f", *vector(text))).decode()


def test_openai_gets_tokens_dimensions_and_user(server, upstream):
    status, answer = embed(server, model="normal:openai-vec", input=[[5, 6], [7]], dimensions=256, user="me", encoding_format="base64")
    assert status == 200, answer
    assert upstream.of("normal:openai-vec").requests[-1] == {"model": "normal:openai-vec", "input": [[5, 6], [7]], "dimensions": 256, "user": "me"}


def test_ollama_is_told_not_to_cut_texts(server, upstream):
    status, answer = embed(server, model="normal:ollama-vec", input="four", dimensions=256)
    assert status == 200, answer
    sent = upstream.of("normal:ollama-vec").requests[-1]
    assert sent["truncate"] is False and sent["dimensions"] == 256 and sent["input"] == ["four"]


@pytest.mark.parametrize(("model", "field", "body"), [
    ("normal:anthropic-vec", "input", {"input": "four"}),
    ("normal:ollama-vec", "input", {"input": [1, 2]}),
    ("normal:openai-vec", "input", {"input": []}),
    ("normal:openai-vec", "input", {"input": [1, "two"]}),
    ("normal:openai-vec", "input", {"input": {"text": "x"}}),
    ("normal:openai-vec", "input", {}),
    ("normal:openai-vec", "encoding_format", {"input": "x", "encoding_format": "hex"}),
    ("normal:openai-vec", "dimensions", {"input": "x", "dimensions": 0}),
])
def test_a_refusal_names_the_field(server, model, field, body):
    status, answer = embed(server, model=model, **body)
    assert status == 400, answer
    assert assert_error(answer)["param"] == field


def test_failures_pass_the_same_way_as_those_of_chats(server, client, kind):
    assert embed(server, model=f"flaky-1:{kind}-vec", input="x")[0] == 200, "tried again"
    for behaviour in ("html", "status-503", "status-401"):
        status, answer = embed(server, model=f"{behaviour}:{kind}-vec", input="x")
        assert status == 503, behaviour
        assert_error(answer)
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="absent", input="x")


# ---- the real model ----


@pytest.mark.model
def test_the_real_model_puts_like_beside_like(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    model = client.models.list().data[0].id
    texts = ["The cat sat on the mat.", "A cat is sitting on a rug.", "Interest rates rose by two percent in March."]
    vectors = [entry.embedding for entry in client.embeddings.create(model=model, input=texts).data]

    assert all(math.isclose(sum(number * number for number in one), 1, rel_tol=1e-4) for one in vectors)
    near, far = (sum(a * b for a, b in zip(vectors[0], other)) for other in vectors[1:])
    assert near > far
    assert client.embeddings.create(model=model, input=texts[0]).data[0].embedding == vectors[0], "whatever was asked before"


@pytest.mark.model
def test_the_real_model_refuses_what_it_cannot_embed(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    model = client.models.list().data[0].id
    for field, body in [("input", {"input": "word " * 3000}), ("input", {"input": ""}), ("dimensions", {"input": "x", "dimensions": 8})]:
        with pytest.raises(openai.BadRequestError) as refused:
            client.embeddings.create(model=model, **body)
        assert refused.value.param == field
    assert client.embeddings.create(model=model, input=[[1, 2, 3]]).usage.prompt_tokens == 3
