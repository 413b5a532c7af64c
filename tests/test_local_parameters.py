"""Sampling parameters, several choices and log probabilities of the local model, by the official SDK: what each of them does
can be seen in the answers."""
import json
import math

import openai
import pytest
from support.models import assert_error
from support.server import wait_for
from support.sse import PLAIN, ChatStream, user

pytestmark = pytest.mark.model

CAPITAL = "What is the capital of France?"
STORY = "Tell me a story about a lighthouse."
HOT = {"temperature": 1.8, "top_p": 1}
WORD = {"type": "json_schema", "json_schema": {"name": "place", "schema": {
    "type": "object", "required": ["city"], "additionalProperties": False, "properties": {"city": {"type": "string", "maxLength": 12}}}}}
GO = {"type": "function", "function": {"name": "go", "description": "Goes there", "parameters": {
    "type": "object", "required": ["city"], "additionalProperties": False, "properties": {"city": {"enum": ["Oslo", "Paris"]}}}}}


@pytest.fixture(scope="module")
def client(real):
    return openai.OpenAI(base_url=real.url + "/v1", api_key=real.token, max_retries=0)


@pytest.fixture(scope="module")
def model(client):
    return client.models.list().data[0].id


@pytest.fixture(scope="module")
def ask(client, model):
    """ask(question, **parameters): the model alone, cold and short unless told otherwise."""
    def run(question, **parameters):
        more = {"retrieval": PLAIN, **{name: parameters.pop(name) for name in ("top_k", "min_p", "repeat_penalty", "grammar") if name in parameters}}
        settings = {"temperature": 0, "max_tokens": 16, **parameters}
        messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": question}]
        return client.chat.completions.create(model=model, messages=messages, extra_body=more, **settings)
    return run


@pytest.fixture(scope="module")
def complete(client, model):
    def run(prompt, **parameters):
        return client.completions.create(model=model, prompt=prompt, **{"temperature": 0, "max_tokens": 8, **parameters})
    return run


def text(answer, index=0):
    return answer.choices[index].message.content


def usage(answer):
    return answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens


def bytes_of(tokens):
    return bytes(byte for token in tokens for byte in token.bytes)


def streamed(chunks):
    """index -> what the chunks of that choice say: its text, tokens, roles, finish reasons."""
    told = {}
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        mine = told.setdefault(choice.index, {"text": "", "tokens": [], "roles": [], "ends": []})
        assert not mine["ends"], "something came behind the end of a choice"
        mine["text"] += choice.delta.content or ""
        mine["tokens"] += choice.logprobs.content if choice.logprobs else []
        mine["roles"] += [choice.delta.role] if choice.delta.role else []
        mine["ends"] += [choice.finish_reason] if choice.finish_reason else []
    return told


# ---- which token is chosen ----


PARIS = "7042"  # in the vocabulary of the model that comes with the program; the next test would say so


def test_a_forced_token_is_all_that_comes(ask):
    assert text(ask(STORY, logit_bias={PARIS: 100}, max_tokens=4)) == " Paris" * 4


def test_a_banned_token_never_appears(ask, complete):
    """The token: the word may still be spelled with others."""
    def tokens(choice):
        return [token.token for token in choice.logprobs.content]
    assert " Paris" in tokens(ask(CAPITAL, logprobs=True).choices[0])
    assert " Paris" not in tokens(ask(CAPITAL, logprobs=True, logit_bias={PARIS: -100}).choices[0])
    assert complete("The capital of France is", logprobs=0).choices[0].logprobs.tokens[0] == " Paris"
    assert " Paris" not in complete("The capital of France is", logprobs=0, logit_bias={PARIS: -100}).choices[0].logprobs.tokens
    for seed in range(3):
        answer = ask(CAPITAL, logprobs=True, logit_bias={PARIS: -100}, seed=seed, n=2, max_tokens=24, **HOT)
        assert not any(" Paris" in tokens(choice) for choice in answer.choices)


@pytest.mark.parametrize(("bias", "mentions"), [({"49152": 1}, "49152"), ({"-1": 1}, "-1"), ({"Paris": 1}, "Paris")])
def test_a_bias_for_no_token_is_refused(ask, bias, mentions):
    with pytest.raises(openai.BadRequestError) as raised:
        ask(CAPITAL, logit_bias=bias)
    assert raised.value.param == "logit_bias" and mentions in raised.value.message


def test_filters_leave_the_likeliest_alone_however_hot(ask):
    likeliest = text(ask(STORY))
    hot = text(ask(STORY, seed=3, **HOT))
    assert hot != likeliest
    assert text(ask(STORY, seed=3, top_k=1, **HOT)) == likeliest
    assert text(ask(STORY, seed=3, min_p=1, **HOT)) == likeliest


def test_a_repeat_penalty_changes_what_goes_round(ask):
    question = "Repeat: " + "ha ha ha " * 40
    round_ = text(ask(question, max_tokens=40))
    assert text(ask(question, max_tokens=40, repeat_penalty=1)) == text(ask(question, max_tokens=40, repeat_penalty=0)) == round_
    penalized = text(ask(question, max_tokens=40, repeat_penalty=1.8))
    assert len(set(penalized.split())) > len(set(round_.split()))


def test_ollamas_options_reach_the_local_model(real, model, ask):
    messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": STORY}]
    body = {"model": model, "stream": False, "messages": messages, "retrieval": PLAIN}
    options = {"temperature": 1.8, "top_p": 1, "seed": 3, "num_predict": 16}

    def answered(**more):
        status, _, raw = real.post("/api/chat", {**body, "logprobs": True, "top_logprobs": 2, "options": {**options, **more}})
        assert status == 200, raw
        return json.loads(raw)
    likeliest = text(ask(STORY))
    assert answered()["message"]["content"] != likeliest
    for filtered in ({"top_k": 1}, {"min_p": 1}):
        answer = answered(**filtered)
        assert answer["message"]["content"] == likeliest
        assert bytes(byte for token in answer["logprobs"] for byte in token["bytes"]).decode() == likeliest
        assert all(len(token["top_logprobs"]) == 2 for token in answer["logprobs"])


# ---- several choices ----


def test_a_seed_repeats_all_choices_and_each_is_another(ask):
    first = ask(STORY, n=3, seed=11, **HOT)
    again = ask(STORY, n=3, seed=11, **HOT)
    texts = [text(first, index) for index in range(3)]
    assert [choice.index for choice in first.choices] == [0, 1, 2]
    assert texts == [text(again, index) for index in range(3)]
    assert len(set(texts)) == 3
    assert text(ask(STORY, seed=12, **HOT)) == texts[1], "the second choice is what the next seed says"


def test_usage_counts_the_prompt_once_and_the_tokens_of_all_choices(ask):
    one, four = ask(STORY, max_tokens=6), ask(STORY, max_tokens=6, n=4)
    prompt, said, _ = usage(one)
    assert said == 6
    assert usage(four) == (prompt, 24, prompt + 24)


def test_every_choice_streams_to_an_end_of_its_own(ask):
    chunks = list(ask(STORY, n=3, seed=11, stream=True, stream_options={"include_usage": True}, **HOT))
    told = streamed(chunks)
    whole = ask(STORY, n=3, seed=11, **HOT)
    assert sorted(told) == [0, 1, 2]
    for index, mine in told.items():
        assert mine["roles"] == ["assistant"]
        assert mine["ends"] == [whole.choices[index].finish_reason]
        assert mine["text"] == text(whole, index)
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == whole.usage.total_tokens
    assert all(chunk.choices for chunk in chunks[:-1])


def test_a_stream_of_several_choices_ends_with_a_choice_when_no_usage_is_wanted(ask):
    chunks = list(ask(STORY, n=2, stream=True))
    assert all(chunk.choices for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason


def test_every_choice_may_call_a_tool(ask):
    answer = ask("Go to Oslo.", n=2, tools=[GO], tool_choice="required", max_tokens=120)
    for choice in answer.choices:
        [call] = choice.message.tool_calls
        assert choice.finish_reason == "tool_calls" and json.loads(call.function.arguments)["city"] in ("Oslo", "Paris")
    assert answer.choices[0].message.tool_calls[0].id != answer.choices[1].message.tool_calls[0].id


def test_completions_have_choices_too(complete):
    answer = complete(["Once upon", "The capital"], n=2, seed=4, **{**HOT, "max_tokens": 5})
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert answer.choices[0].text != answer.choices[1].text
    assert answer.usage.completion_tokens == 20
    assert complete("Once upon", n=2, best_of=2).choices[1].text


@pytest.mark.parametrize(("change", "param"), [({"n": 9}, "n"), ({"top_logprobs": 21, "logprobs": True}, "top_logprobs")])
def test_too_much_is_refused(ask, change, param):
    with pytest.raises(openai.BadRequestError) as raised:
        ask(CAPITAL, **change)
    assert param in raised.value.param


def test_a_client_that_leaves_stops_all_choices_within_one_token(start):
    server = start()
    stream = ChatStream(server, user("Count from one to five hundred in words.", retrieval=PLAIN, max_tokens=400, temperature=0, n=8))
    for event in stream:
        if any(choice["delta"].get("content") for choice in event.get("choices", [])):
            break
    stream.close()
    wait_for(lambda: server.metric("promethean_worker_cancelled_total") >= 1, 20, "the worker to be cancelled")
    assert server.metric("promethean_worker_tokens_after_cancel_total") <= 1
    said = server.metric("promethean_worker_tokens_total")
    again = ChatStream(server, user("Say hello.", retrieval=PLAIN, max_tokens=8)).read()
    assert again.done and not again.error
    assert server.metric("promethean_worker_tokens_total") <= said + 8, "no choice went on"


# ---- log probabilities ----


def check_tokens(tokens, top, content):
    assert bytes_of(tokens).decode() == content
    for token in tokens:
        assert token.logprob <= 0 and len(token.top_logprobs) == top
        values = [other.logprob for other in token.top_logprobs]
        assert values == sorted(values, reverse=True)
        assert sum(math.exp(value) for value in values) <= 1 + 1e-6


def test_without_temperature_the_likeliest_token_is_chosen(ask):
    answer = ask(CAPITAL, logprobs=True, top_logprobs=20)
    logprobs = answer.choices[0].logprobs
    check_tokens(logprobs.content, 20, text(answer))
    assert logprobs.refusal is None
    for token in logprobs.content:
        best = token.top_logprobs[0]
        assert (best.token, best.logprob, best.bytes) == (token.token, token.logprob, token.bytes)
    assert len(logprobs.content) in (answer.usage.completion_tokens, answer.usage.completion_tokens - 1), "the end is a token, too"


def test_logprobs_do_not_change_the_answer(ask):
    settings = {"seed": 5, **HOT}
    assert text(ask(STORY, logprobs=True, **settings)) == text(ask(STORY, **settings))
    assert ask(STORY).choices[0].logprobs is None


def test_logprobs_are_the_models_own_whatever_is_biased(ask):
    free = ask(STORY, logprobs=True, top_logprobs=3, max_tokens=1).choices[0].logprobs.content[0]
    forced = ask(STORY, logprobs=True, top_logprobs=3, max_tokens=1, logit_bias={PARIS: 100}).choices[0].logprobs.content[0]
    assert forced.token == " Paris" and forced.logprob < free.top_logprobs[-1].logprob
    assert forced.top_logprobs == free.top_logprobs


@pytest.mark.parametrize("change", [
    {}, {"n": 2}, {"response_format": WORD, "max_tokens": 40}, {"stop": ["ea"], "max_tokens": 60}, {"stop": ["\n", " the"], "max_tokens": 60},
], ids=["plain", "choices", "schema", "stop", "stops"])
def test_streamed_logprobs_are_those_of_the_text(ask, change):
    settings = {"logprobs": True, "top_logprobs": 2, "seed": 6, "temperature": 0.8, **change}
    whole = ask(STORY, **settings)
    told = streamed(ask(STORY, stream=True, **settings))
    for choice in whole.choices:
        check_tokens(choice.logprobs.content, 2, choice.message.content)
        assert told[choice.index]["text"] == choice.message.content
        assert told[choice.index]["tokens"] == choice.logprobs.content


def test_characters_of_several_tokens_keep_their_bytes(ask):
    grammar = 'root ::= (" \\U0001F9EC" | "\\u6F22" | "\\U0001F600")+'
    for limit in range(12, 18):  # the last character is cut off at some of them
        answer = ask("Write emoji.", logprobs=True, max_tokens=limit, grammar=grammar)
        tokens = answer.choices[0].logprobs.content
        assert bytes_of(tokens).decode() == text(answer)
        assert any("\\x" in token.token for token in tokens), "a part of a character is written as its bytes"


def test_a_calls_tokens_are_told_as_the_model_wrote_them(ask):
    choice = ask("Go to Oslo.", tools=[GO], tool_choice="required", max_tokens=60, logprobs=True).choices[0]
    written = bytes_of(choice.logprobs.content).decode()
    assert written.startswith("<tool_call>") and choice.message.tool_calls[0].function.arguments in written


def test_completions_tell_logprobs_in_their_own_form(complete):
    choice = complete("The capital of France is", logprobs=5).choices[0]
    logprobs = choice.logprobs
    assert "".join(logprobs.tokens) == choice.text
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.top_logprobs) == len(logprobs.text_offset) == 8
    for token, logprob, top, offset in zip(logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs, logprobs.text_offset):
        assert choice.text[offset:].startswith(token)
        assert len(top) == 5 and top[token] == logprob == max(top.values())
    only = complete("The capital of France is", logprobs=0).choices[0].logprobs
    assert only.token_logprobs == logprobs.token_logprobs and all(len(top) == 1 for top in only.top_logprobs)

    parts = [chunk.choices[0] for chunk in complete("The capital of France is", logprobs=5, stream=True)]
    assert [token for part in parts if part.logprobs for token in part.logprobs.tokens] == logprobs.tokens
    assert [offset for part in parts if part.logprobs for offset in part.logprobs.text_offset] == logprobs.text_offset


@pytest.mark.parametrize(("change", "param"), [({"logprobs": 6}, "logprobs"), ({"logprobs": 1, "echo": True}, "echo"), ({"n": 2, "best_of": 3}, "best_of")])
def test_completions_refuse_what_they_cannot_tell(complete, change, param):
    with pytest.raises(openai.BadRequestError) as raised:
        complete("Once", **change)
    assert raised.value.param == param


def test_responses_tell_logprobs(client, model):
    ask = {"model": model, "input": CAPITAL, "temperature": 0, "max_output_tokens": 16, "top_logprobs": 2, "extra_body": {"retrieval": PLAIN}}
    part = client.responses.create(**ask).output[0].content[0]
    check_tokens(part.logprobs, 2, part.text)
    events = list(client.responses.create(stream=True, **ask))
    deltas = [token for event in events if event.type == "response.output_text.delta" for token in event.logprobs]
    [done] = [event for event in events if event.type == "response.output_text.done"]
    assert "".join(token.token for token in done.logprobs) == part.text
    assert [token.token for token in deltas] == [token.token for token in done.logprobs][:len(deltas)]


# ---- grounded answers ----


@pytest.mark.parametrize(("path", "change", "param"), [
    ("/v1/chat/completions", {"n": 2}, "n"), ("/v1/chat/completions", {"logprobs": True}, "logprobs"),
    ("/v1/responses", {"top_logprobs": 2}, "top_logprobs")])
def test_a_grounded_answer_is_one_and_has_no_logprobs(real, path, change, param):
    question = "Where is gitignore matching implemented?"
    body = {"input": question} if path == "/v1/responses" else user(question)
    status, _, raw = real.post(path, {**body, **change})
    assert status == 400, raw
    error = assert_error(json.loads(raw))
    assert error["param"] == param and "grounded" in error["message"]


def test_a_grounded_answer_may_be_sampled_in_any_way(real):
    body = user("Where is gitignore matching implemented?", logit_bias={"5": -100}, top_k=3, min_p=0.1, repeat_penalty=1.1, n=1, logprobs=False)
    status, _, raw = real.post("/v1/chat/completions", body)
    assert status == 200 and json.loads(raw)["retrieval_context"]["citations"]
