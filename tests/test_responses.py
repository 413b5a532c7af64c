"""/v1/responses over backends that know only chat: the event sequence, what is stored, faults, and the official SDK."""
import json

import openai
import pytest
from pydantic import BaseModel
from support.server import Promethean
from support.sse import ChatStream
from support.wire import head, once

BACKENDS = ["openai", "ollama", "anthropic"]
BEHAVIOURS = ["normal", "tools", "two-tools", "reasoning", "long", "cut", "hang", "echo", "status-503", "status-400"]
LOOK = {"type": "function", "name": "look", "description": "Looks", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}}
ANSWER = "The answer is forty-two."


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n"
    for backend in BACKENDS:
        for behaviour in BEHAVIOURS:
            config += upstream.model_table(f"{behaviour}@{backend}", upstream=f"{behaviour}:r-{backend}", backend=backend, retries=0)
    config += upstream.model_table("schema", upstream="schema:r", retrieval=True)
    config += upstream.model_table("silent", upstream="gate:r", first_token_timeout_seconds=60)
    with Promethean(tmp_path_factory.mktemp("responses"), pathspec_copy, config) as running:
        yield running


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def sdk(server):
    return openai.OpenAI(base_url=f"http://{server.host}:{server.port}/v1", api_key=server.token, max_retries=0)


def whole(server, **body):
    status, headers, text = server.post("/v1/responses", body)
    return status, json.loads(text)


def events_of(server, **body):
    """The parsed events of a streamed response; each names its type twice, and they are numbered."""
    status, _, text = server.post("/v1/responses", {**body, "stream": True})
    assert status == 200, text
    events = []
    for block in text.decode().strip().split("\n\n"):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


def types(events):
    """The sequence of types, repeats left out."""
    names = [event["type"].removeprefix("response.") for event in events]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def test_a_text_in_one_piece(server, backend):
    status, response = whole(server, model=f"normal@{backend}", input="What is the answer?", instructions="Be brief.")

    assert status == 200 and response["status"] == "completed" and response["object"] == "response"
    [message] = response["output"]
    assert message["content"][0]["text"] == ANSWER
    assert response["usage"]["input_tokens"] == 11 and response["usage"]["total_tokens"] == 16
    assert response["instructions"] == "Be brief." and response["error"] is None


def test_a_text_as_events(server, backend):
    events = events_of(server, model=f"normal@{backend}", input="What is the answer?")

    assert types(events) == ["created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.done",
                             "content_part.done", "output_item.done", "completed"]
    assert "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta") == ANSWER
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == ANSWER


def test_calls_as_events(server, backend):
    events = events_of(server, model=f"two-tools@{backend}", input="Look", tools=[LOOK, {**LOOK, "name": "list"}])

    calls = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert [(call["type"], call["name"], json.loads(call["arguments"])) for call in calls] == [
        ("function_call", "look", {"at": 1}), ("function_call", "list", {"of": "src/größe"})]
    assert len({call["call_id"] for call in calls}) == 2 and all(call["id"] != call["call_id"] for call in calls)


def test_reasoning_is_an_item_of_its_own(server, backend):
    _, response = whole(server, model=f"reasoning@{backend}", input="Think", reasoning={"summary": "auto"})

    assert [item["type"] for item in response["output"]] == ["reasoning", "message"]
    assert response["output"][0]["summary"][0]["text"] == "Six times seven."


def test_an_answer_that_hit_its_limit_is_incomplete(server, backend):
    _, response = whole(server, model=f"long@{backend}", input="Speak", max_output_tokens=5)

    assert response["status"] == "incomplete" and response["incomplete_details"] == {"reason": "max_output_tokens"}


def test_a_backend_that_breaks_off_is_a_failed_response(server, backend):
    events = events_of(server, model=f"cut@{backend}", input="Speak")

    assert types(events)[-1] == "failed" and "completed" not in types(events)
    assert events[-1]["response"]["error"]["code"] == "server_error"


@pytest.mark.parametrize(("behaviour", "status"), [("status-503", 503), ("status-400", 400)])
def test_a_fault_before_the_first_token_has_its_status_also_when_streamed(server, backend, behaviour, status):
    got, _, text = server.post("/v1/responses", {"model": f"{behaviour}@{backend}", "input": "x", "stream": True})

    assert got == status
    assert set(json.loads(text)["error"]) == {"message", "type", "param", "code"}


def test_a_client_is_told_that_a_slow_backend_is_at_it(server, upstream):
    stream = ChatStream(server, {"model": "silent", "input": "x"}, path="/v1/responses")
    seen = []
    for event in stream:
        seen.append(event["type"])
        if seen == ["response.created", "response.in_progress"]:
            upstream.open_gate("gate:r")
    assert seen[-1] == "response.completed"


def test_a_conversation_goes_on_from_what_is_stored(server, upstream):
    _, first = whole(server, model="echo@openai", input="My name is Ada.")
    status, second = whole(server, model="echo@openai", input="What is my name?", previous_response_id=first["id"])

    assert status == 200 and second["previous_response_id"] == first["id"]
    messages = upstream.of("echo:r-openai").requests[-1]["messages"]
    assert [(message["role"], message["content"]) for message in messages] == [
        ("user", "My name is Ada."), ("assistant", "My name is Ada."), ("user", "What is my name?")]


def test_what_is_not_to_be_stored_is_not(server):
    _, response = whole(server, model="normal@openai", input="Secret", store=False)

    assert server.get(f"/v1/responses/{response['id']}")[0] == 404
    status, error = whole(server, model="normal@openai", input="And?", previous_response_id=response["id"])
    assert status == 404 and error["error"]["param"] == "previous_response_id"


def test_nobody_else_reads_what_is_stored(server):
    _, response = whole(server, model="normal@openai", input="Mine")
    other = server.run("token", "create", "--scope", "read").stdout.strip()

    assert server.get(f"/v1/responses/{response['id']}", token=other)[0] == 404
    assert server.get(f"/v1/responses/{response['id']}")[0] == 200


def test_stored_answers_survive_a_restart(start, upstream, repository):
    server = start(root=repository, config="[server]\nembedded_model = false\n" + upstream.model_table("normal"))
    _, response = whole(server, model="normal", input="Remember")
    assert server.stop() == 0
    server.start()

    assert json.loads(server.get(f"/v1/responses/{response['id']}")[2])["id"] == response["id"]


@pytest.mark.parametrize(("field", "body"), [
    ("input[0].type", {"input": [{"type": "hologram"}]}),
    ("input[0].content", {"input": [{"type": "message", "role": "user"}]}),
    ("model", {"model": "absent", "input": "x"}),
    ("tools[0].name", {"input": "x", "tools": [{"type": "function"}]}),
])
def test_the_wrong_field_is_named(server, field, body):
    status, error = whole(server, **{"model": "normal@openai", **body})

    assert status in (400, 404) and error["error"]["param"].startswith(field.split(".")[0]), error


def test_a_websocket_is_refused_with_426(server):
    answer = once(server, head(server, "GET", "/v1/responses", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                               "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="))
    assert answer.status == 426 and json.loads(answer.body)["error"]["message"]


def test_a_person_gets_citations_and_an_errand_does_not(server, upstream):
    _, asked = whole(server, model="schema", input="Where is gitignore matching implemented?")
    assert asked["retrieval_context"]["citations"]
    assert "Excerpts" in json.dumps(upstream.of("schema:r").requests[-1])

    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    _, turn = whole(server, model="schema", tools=[LOOK], input=[
        {"role": "user", "content": "Where is gitignore matching implemented?"}, call, {"type": "function_call_output", "call_id": "c1", "output": "there"}])
    assert "retrieval_context" not in turn


# ---- the official SDK ----


def test_sdk_create_retrieve_and_delete(sdk):
    response = sdk.responses.create(model="normal@openai", input="hello")
    assert response.output_text == ANSWER
    assert sdk.responses.retrieve(response.id).output_text == ANSWER
    assert sdk.responses.input_items.list(response.id).data[0].content[0].text == "hello"
    sdk.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(response.id)


def test_sdk_counts_tokens_and_compacts(sdk):
    assert sdk.responses.input_tokens.count(model="normal@openai", input="hello").input_tokens > 0
    compacted = sdk.responses.compact(model="normal@openai", input="We agreed on Tuesday.")
    assert compacted.output[0].type == "compaction"
    again = sdk.responses.create(model="echo@openai", input=[*[item.model_dump(exclude_none=True) for item in compacted.output], {"role": "user", "content": "Which day?"}])
    assert again.output_text == "Which day?"


def test_sdk_streams(sdk):
    with sdk.responses.stream(model="normal@openai", input="hello") as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert text == ANSWER and stream.get_final_response().output_text == ANSWER


class Weight(BaseModel):
    thing: str
    stone: int


def test_sdk_parses_structured_output(sdk, upstream):
    upstream.script("schema:r", json.dumps({"thing": "the stone", "stone": 7}))
    response = sdk.responses.parse(model="schema", input="Weigh it", text_format=Weight, extra_body={"retrieval": {"enabled": False}})
    assert response.output_parsed == Weight(thing="the stone", stone=7)
    asked = upstream.of("schema:r").requests[-1]["response_format"]
    assert asked["type"] == "json_schema" and asked["json_schema"]["schema"]["properties"].keys() == {"thing", "stone"}


def test_sdk_error_classes(sdk):
    with pytest.raises(openai.NotFoundError):
        sdk.responses.create(model="absent", input="x")
    with pytest.raises(openai.BadRequestError):
        sdk.responses.create(model="status-400@openai", input="x")
    with pytest.raises(openai.InternalServerError):
        sdk.responses.create(model="status-503@openai", input="x")
