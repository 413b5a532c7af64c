"""The official OpenAI SDK for Python, against the scripted and the real model. Responses, completions and embeddings have
files of their own."""
import asyncio
import json
from typing import Literal

import openai
import pytest
from pydantic import BaseModel, Field
from support.models import SERVER
from support.server import Promethean

QUESTION = [{"role": "user", "content": "How many?"}]


@pytest.fixture
def client(scripted):
    return openai.OpenAI(base_url=scripted.url + "/v1", api_key=scripted.token, max_retries=0)


def test_chat(client):
    answer = client.chat.completions.create(model="normal", messages=QUESTION)

    assert answer.choices[0].message.content == "The answer is forty-two."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 16


def test_chat_streamed(client):
    stream = client.chat.completions.create(model="normal", messages=QUESTION, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "The answer is forty-two."
    assert chunks[-1].usage.total_tokens == 16


def test_models(client):
    assert "normal" in [model.id for model in client.models.list()]
    assert client.models.retrieve("normal").id == "normal"


@pytest.mark.parametrize(("change", "error"), [
    ({"model": "absent"}, openai.NotFoundError),
    ({"messages": []}, openai.BadRequestError),
    ({"messages": [{"role": "wizard", "content": "hi"}]}, openai.BadRequestError),
    ({"temperature": "hot"}, openai.BadRequestError),
    ({"model": "status-429"}, openai.RateLimitError),
    ({"model": "status-500"}, openai.InternalServerError),
])
def test_error_classes(client, change, error):
    with pytest.raises(error) as raised:
        client.chat.completions.create(**{"model": "normal", "messages": QUESTION, **change})

    assert raised.value.message
    assert raised.value.request_id


def test_a_wrong_key_is_an_authentication_error(scripted):
    client = openai.OpenAI(base_url=scripted.url + "/v1", api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


# ---- tools, schemas, patience ----


class Weight(BaseModel):
    thing: str = Field(max_length=20)
    stone: int = Field(ge=0, le=99)
    kind: Literal["light", "heavy"]


class Place(BaseModel):
    city: str = Field(min_length=1, max_length=20)
    days: int = Field(ge=1, le=7)


GO = openai.pydantic_function_tool(Place, name="go", description="Goes there")


@pytest.fixture(scope="module")
def more(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for name in ("normal", "agent", "schema", "calls", "hang", "flaky-2"):
        config += upstream.model_table(name, upstream=f"{name}:python", retries=0)
    with Promethean(tmp_path_factory.mktemp("python"), pathspec_copy, config) as running:
        yield running


@pytest.fixture
def sdk(more):
    return openai.OpenAI(base_url=more.url + "/v1", api_key=more.token, max_retries=0)


def test_a_loop_of_tools(sdk):
    bash = {"type": "function", "function": {"name": "Bash", "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}}}
    messages = list(QUESTION)
    first = sdk.chat.completions.create(model="agent", messages=messages, tools=[bash]).choices[0]
    assert first.finish_reason == "tool_calls"
    [call] = first.message.tool_calls
    assert json.loads(call.function.arguments)["command"] == "cat secret.txt"
    messages += [first.message, {"role": "tool", "tool_call_id": call.id, "content": "swordfish"}]
    last = sdk.chat.completions.create(model="agent", messages=messages, tools=[bash]).choices[0]
    assert last.message.content == "It says: swordfish" and last.finish_reason == "stop"


def test_an_answer_is_parsed_by_its_schema(sdk, upstream):
    upstream.script("schema:python", Weight(thing="the stone", stone=7, kind="heavy").model_dump_json())
    answer = sdk.chat.completions.parse(model="schema", messages=QUESTION, response_format=Weight)
    assert answer.choices[0].message.parsed == Weight(thing="the stone", stone=7, kind="heavy")


def test_a_call_is_parsed_by_its_schema_also_streamed(sdk, upstream):
    upstream.script("calls:python", ("go", {"city": "Oslo", "days": 3}))
    ask = {"model": "calls", "messages": QUESTION, "tools": [GO]}
    [call] = sdk.chat.completions.parse(**ask).choices[0].message.tool_calls
    assert call.function.parsed_arguments == Place(city="Oslo", days=3)
    with sdk.chat.completions.stream(**ask) as stream:
        deltas = [event for event in stream if event.type == "tool_calls.function.arguments.delta"]
        [call] = stream.get_final_completion().choices[0].message.tool_calls
    assert deltas and call.function.parsed_arguments == Place(city="Oslo", days=3)


def test_the_sdk_tries_again(more, upstream):
    client = openai.OpenAI(base_url=more.url + "/v1", api_key=more.token, max_retries=2)
    assert client.chat.completions.create(model="flaky-2", messages=QUESTION).choices[0].message.content
    assert len(upstream.of("flaky-2:python").calls) == 3


def test_a_model_that_hangs_is_a_timeout(more):
    client = openai.OpenAI(base_url=more.url + "/v1", api_key=more.token, max_retries=0, timeout=0.5)
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="hang", messages=QUESTION)


def test_the_asynchronous_client(more):
    async def ask():
        async with openai.AsyncOpenAI(base_url=more.url + "/v1", api_key=more.token, max_retries=0) as client:
            stream = await client.chat.completions.create(model="normal", messages=QUESTION, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
    assert asyncio.run(ask()) == "The answer is forty-two."


@pytest.mark.model
def test_the_real_model_keeps_to_the_schemas_of_the_sdk(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    ask = {"model": client.models.list().data[0].id, "temperature": 0, "extra_body": {"retrieval": {"enabled": False}}}
    weighed = client.chat.completions.parse(messages=[{"role": "user", "content": "How heavy is a stone?"}], response_format=Weight, **ask)
    assert isinstance(weighed.choices[0].message.parsed, Weight)
    went = client.chat.completions.parse(messages=[{"role": "user", "content": "Go to Oslo."}], tools=[GO], tool_choice="required", **ask)
    [call] = went.choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, Place) and went.choices[0].finish_reason == "tool_calls"


@pytest.mark.model
def test_the_real_model_answers_plainly_without_retrieval(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    model = client.models.list().data[0].id
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Say hello."}], max_tokens=12,
                                            temperature=0, extra_body={"retrieval": {"enabled": False}})

    assert answer.choices[0].message.content.strip()
    assert answer.usage.completion_tokens <= 12
    assert answer.choices[0].finish_reason in ("stop", "length")


@pytest.mark.model
def test_the_real_model_streams_a_cited_answer(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    stream = client.chat.completions.create(model=client.models.list().data[0].id, stream=True,
                                            messages=[{"role": "user", "content": "Where is gitignore matching implemented?"}])
    chunks = list(stream)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    last = [chunk for chunk in chunks if getattr(chunk, "retrieval_context", None)][-1]
    paths = [place["path"] for place in last.retrieval_context["citations"]]
    assert any("gitignore" in path for path in paths)
    assert any(path in text for path in paths)
