"""POST /v1/completions: bare prompts, by the official SDK and by hand, at each kind of backend and at the real model."""
import json

import openai
import pytest
from support.models import SERVER, assert_error
from support.server import Promethean
from support.sse import ChatStream
from support.upstream import WORDS

ANSWER = "".join(WORDS)
PATH = "/v1/completions"
KINDS = ["openai", "ollama"]


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for kind in KINDS:
        names = [f"{name}:{kind}-text" for name in ("normal", "echo", "long", "cut", "error", "status-503", "slow")]
        config += upstream.model_table(*names, backend=kind, retries=0, retrieval=True)
    config += upstream.model_table("normal:anthropic-text", backend="anthropic")
    with Promethean(tmp_path_factory.mktemp("completions"), pathspec_copy, config) as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key=server.token, max_retries=0)


def complete(server, body):
    status, _, raw = server.post(PATH, body)
    return status, json.loads(raw)


def refusal(server, **body):
    status, answer = complete(server, {"prompt": "Once", **body})
    assert status == 400, answer
    return assert_error(answer)["param"]


# ---- answers ----


def test_a_prompt_is_completed(client, kind):
    answer = client.completions.create(model=f"normal:{kind}-text", prompt="Once")

    assert answer.object == "text_completion"
    assert answer.model == f"normal:{kind}-text"
    assert [(choice.index, choice.text, choice.finish_reason) for choice in answer.choices] == [(0, ANSWER, "stop")]
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (11, 5, 16)


def test_a_prompt_is_completed_as_a_stream(client, kind):
    stream = client.completions.create(model=f"normal:{kind}-text", prompt="Once", stream=True, stream_options={"include_usage": True})
    chunks = list(stream)

    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert len({chunk.id for chunk in chunks}) == 1
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.text for choice in choices) == ANSWER
    assert len(choices) > 2
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["stop"]
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 16


def test_the_limit_of_tokens_ends_an_answer(client, kind):
    assert client.completions.create(model=f"long:{kind}-text", prompt="Once").choices[0].finish_reason == "length"


def test_several_prompts_are_one_answer(client, kind):
    prompts = ["first", "second", "third"]
    answer = client.completions.create(model=f"echo:{kind}-text", prompt=prompts)
    assert [(choice.index, choice.text) for choice in answer.choices] == [(0, "first"), (1, "second"), (2, "third")]
    assert answer.usage.total_tokens == 3 * 16

    texts = {}
    for chunk in client.completions.create(model=f"echo:{kind}-text", prompt=prompts, stream=True):
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + choice.text
    assert texts == dict(enumerate(prompts))


def test_several_choices_count_on_from_prompt_to_prompt(client):
    answer = client.completions.create(model="echo:openai-text", prompt=["first", "second"], n=2)

    assert [(choice.index, choice.text) for choice in answer.choices] == [(0, "first"), (1, "first"), (2, "second"), (3, "second")]


def test_tokens_reach_a_backend_that_knows_them(client):
    assert client.completions.create(model="echo:openai-text", prompt=[5, 6]).choices[0].text == "5 6"
    answer = client.completions.create(model="echo:openai-text", prompt=[[5], [6, 7]])
    assert [choice.text for choice in answer.choices] == ["5", "6 7"]


def test_logprobs_of_the_pieces_are_joined(client):
    logprobs = client.completions.create(model="normal:openai-text", prompt="Once", logprobs=1).choices[0].logprobs

    assert logprobs.tokens == WORDS
    assert len(logprobs.token_logprobs) == len(logprobs.text_offset) == len(WORDS)


def test_ollama_answers_with_the_prompt_first_when_it_is_to_be_echoed(client):
    assert client.completions.create(model="normal:ollama-text", prompt="Once ", echo=True).choices[0].text == "Once " + ANSWER


# ---- what reaches the backend ----

OPTIONS = {"temperature": 0.25, "top_p": 0.5, "seed": 7, "stop": ["END"], "presence_penalty": 0.5, "frequency_penalty": 1.0}


def test_openai_gets_the_fields_as_they_are(server, upstream):
    more = {**OPTIONS, "n": 1, "echo": True, "suffix": "the end", "logprobs": 2, "logit_bias": {"7": 1}, "user": "me", "max_tokens": 0}
    status, answer = complete(server, {"model": "normal:openai-text", "prompt": "Once", "made_up": 1, **more})
    assert status == 200, answer

    sent = upstream.of("normal:openai-text").requests[-1]
    assert more.items() <= sent.items()
    assert set(sent) - set(more) == {"model", "prompt", "stream", "stream_options"}


def test_the_limit_is_16_tokens_when_none_is_given(server, upstream):
    complete(server, {"model": "normal:openai-text", "prompt": "Once"})
    assert upstream.of("normal:openai-text").requests[-1]["max_tokens"] == 16


def test_ollama_gets_a_raw_prompt_and_options_of_its_own(server, upstream):
    complete(server, {"model": "normal:ollama-text", "prompt": "Once", "max_tokens": 9, **OPTIONS})
    sent = upstream.of("normal:ollama-text").requests[-1]
    assert sent["raw"] is True and sent["prompt"] == "Once" and "messages" not in sent
    assert (OPTIONS | {"num_predict": 9, "num_ctx": 8192}).items() <= sent["options"].items()

    complete(server, {"model": "normal:ollama-text", "prompt": "def f(", "suffix": "return 1"})
    sent = upstream.of("normal:ollama-text").requests[-1]
    assert sent["suffix"] == "return 1" and "raw" not in sent, "the template knows how to fill in"


def test_nothing_is_retrieved_for_a_prompt(server, upstream):
    prompt = "Where is gitignore matching implemented?"
    status, answer = complete(server, {"model": "echo:openai-text", "prompt": prompt, "retrieval": {"enabled": True}})
    assert status == 200 and "retrieval_context" not in answer
    assert answer["choices"][0]["text"] == prompt


# ---- refusals and failures ----


@pytest.mark.parametrize("prompt", [[], [[]], ["one", 2], [1.5], [None], {"text": "x"}, 7, None, ["x"] * 129])
def test_a_prompt_of_another_form_is_named(server, prompt):
    assert refusal(server, model="normal:openai-text", prompt=prompt) == "prompt"


@pytest.mark.parametrize(("field", "value"), [("n", 2), ("logprobs", 0), ("best_of", 2), ("prompt", [1, 2]), ("max_tokens", 0)])
def test_what_ollama_cannot_do_is_named(server, field, value):
    assert refusal(server, model="normal:ollama-text", **{field: value}) == field


def test_the_best_of_several_is_refused(server):
    assert refusal(server, model="normal:openai-text", n=1, best_of=3) == "best_of"


def test_anthropic_completes_no_prompts(server):
    assert refusal(server, model="normal:anthropic-text") == "prompt"


def test_a_prompt_over_the_context_is_named(server):
    status, answer = complete(server, {"model": "normal:openai-text", "prompt": "word " * 20_000})
    assert status == 400
    error = assert_error(answer)
    assert (error["param"], error["code"]) == ("prompt", "context_length_exceeded")


def test_a_backend_that_is_away_is_a_503(server, kind):
    status, answer = complete(server, {"model": f"status-503:{kind}-text", "prompt": "Once"})
    assert status == 503
    assert_error(answer)


@pytest.mark.parametrize("behaviour", ["cut", "error"])
def test_a_broken_stream_never_looks_whole(server, kind, behaviour):
    stream = ChatStream(server, {"model": f"{behaviour}:{kind}-text", "prompt": "Once"}, path=PATH).read()

    assert stream.error and not stream.done and stream.cut


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="absent", prompt="Once")


# ---- the real model ----


@pytest.mark.model
def test_the_real_model_continues_a_text_and_its_tokens(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    model = client.models.list().data[0].id
    ask = {"model": model, "max_tokens": 8, "temperature": 0, "seed": 1}

    answer = client.completions.create(prompt="The capital of France is", **ask)
    assert "Paris" in answer.choices[0].text
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 8

    echoed = client.completions.create(prompt=["The capital of France is", "One, two, three,"], echo=True, **ask)
    assert echoed.choices[0].text == "The capital of France is" + answer.choices[0].text
    assert echoed.choices[1].text.startswith("One, two, three,")

    streamed = client.completions.create(prompt="The capital of France is", stream=True, **ask)
    assert "".join(chunk.choices[0].text for chunk in streamed if chunk.choices) == answer.choices[0].text

    assert client.completions.create(prompt=[1, 2, 3], **ask).usage.prompt_tokens == 3
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(prompt=[10**9], **ask)
    assert refused.value.param == "prompt"
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(prompt="def f(", suffix="return 1", **ask)
    assert refused.value.param == "suffix"
