"""What the Open Responses compliance suite asks of a server over HTTP, in our own words: every object and every event of
every case in its documented shape and order, at each kind of backend."""
import json

import pytest
from support.models import KINDS, SERVER, assert_error
from support.responses_shape import COMPACTED, RESPONSE, assert_in_order, events_of
from support.server import Promethean

PATH = "/v1/responses"
ANSWER = "The answer is forty-two."
BEHAVIOURS = ["normal", "echo", "tools", "two-tools", "reasoning", "long", "cut"]
WEATHER = {"type": "function", "name": "get_weather", "description": "The weather of a place",
           "parameters": {"type": "object", "properties": {"location": {"type": "string", "description": "City and country"}}, "required": ["location"]}}
RED_DOT = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4"
           "//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==")


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for kind in KINDS:
        for behaviour in BEHAVIOURS:
            config += upstream.model_table(f"{behaviour}@{kind}", upstream=f"{behaviour}:or-{kind}", backend=kind, retries=0)
    with Promethean(tmp_path_factory.mktemp("open-responses"), pathspec_copy, config) as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def message(role, content, **more):
    return {"type": "message", "role": role, "content": content, **more}


def whole(server, path=PATH, **body):
    status, headers, raw = server.post(path, body)
    assert status == 200, raw
    assert headers["content-type"].startswith("application/json")
    response = json.loads(raw)
    (RESPONSE if path == PATH else COMPACTED)(response)
    return response


def streamed(server, **body):
    status, headers, raw = server.post(PATH, {**body, "stream": True})
    assert status == 200, raw
    assert headers["content-type"].startswith("text/event-stream")
    events = events_of(raw)
    return assert_in_order(events), events


def text_of(response):
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])


def reached(upstream, name):
    return upstream.of(name).requests[-1]


def assert_completed(response):
    assert response["status"] == "completed" and response["output"] and response["error"] is None
    assert response["completed_at"] >= response["created_at"] > 1_700_000_000
    usage = response["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0


def test_a_basic_response(server, kind):
    response = whole(server, model=f"normal@{kind}", input=[message("user", "Say hello in exactly 3 words.")])

    assert_completed(response)
    assert response["model"] == f"normal@{kind}" and text_of(response) == ANSWER
    [item] = response["output"]
    assert item["status"] == "completed"


def test_a_text_is_an_input(server, kind):
    assert text_of(whole(server, model=f"echo@{kind}", input="Say hello.")) == "Say hello."


def test_events_of_a_text(server, kind):
    output, events = streamed(server, model=f"normal@{kind}", input=[message("user", "Count from 1 to 5.")])

    assert_completed(events[-1]["response"])
    assert [part["text"] for item in output for part in item["content"]] == [ANSWER]
    assert sum(event["type"] == "response.output_text.delta" for event in events) > 2
    for event in events[:2]:
        assert event["response"]["status"] == "in_progress" and event["response"]["output"] == [] and event["response"]["usage"] is None


@pytest.mark.parametrize("behaviour", ["tools", "two-tools", "reasoning", "long"])
def test_events_say_what_the_whole_says(server, kind, behaviour):
    body = {"model": f"{behaviour}@{kind}", "input": "Go on", "tools": [{**WEATHER, "name": name} for name in ("look", "list")]}
    one = whole(server, **body)
    output, events = streamed(server, **body)
    other = events[-1]["response"]

    def plain(items):
        return [{key: value for key, value in item.items() if key not in ("id", "call_id")} for item in items]
    assert plain(output) == plain(one["output"])
    assert (one["status"], one["incomplete_details"], one["usage"]) == (other["status"], other["incomplete_details"], other["usage"])
    ids = [item["id"] for item in output]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_system_prompt(server, upstream, kind, role):
    response = whole(server, model=f"normal@{kind}", input=[message(role, "You are a pirate."), message("user", "Say hello.")])

    assert_completed(response)
    sent = reached(upstream, f"normal:or-{kind}")
    assert "pirate" in json.dumps(sent["system"] if kind == "anthropic" else sent["messages"][0])
    assert "pirate" not in json.dumps(sent["messages"][-1])


def test_a_tool_is_called(server, upstream, kind):
    response = whole(server, model=f"tools@{kind}", input=[message("user", "What's the weather like in San Francisco?")], tools=[WEATHER, {**WEATHER, "name": "look"}])

    [call] = [item for item in response["output"] if item["type"] == "function_call"]
    assert call["name"] == "look" and json.loads(call["arguments"]) == {"at": 1} and call["status"] == "completed"
    assert call["call_id"] and call["call_id"] != call["id"]
    assert [tool["name"] for tool in response["tools"]] == ["get_weather", "look"]
    assert response["tool_choice"] == "auto" and response["parallel_tool_calls"] is True
    assert "get_weather" in json.dumps(reached(upstream, f"tools:or-{kind}")["tools"])


def test_a_call_and_its_output_go_back(server, upstream, kind):
    call = {"type": "function_call", "call_id": "call_7", "name": "get_weather", "arguments": '{"location":"Oslo"}'}
    output = {"type": "function_call_output", "call_id": "call_7", "output": "rain, 4 degrees"}
    assert_completed(whole(server, model=f"normal@{kind}", input=[message("user", "Weather?"), call, output], tools=[WEATHER]))

    sent = json.dumps(reached(upstream, f"normal:or-{kind}")["messages"])
    assert "rain, 4 degrees" in sent and "Oslo" in sent


def test_an_image_reaches_the_model(server, upstream, kind):
    content = [{"type": "input_text", "text": "What do you see?"}, {"type": "input_image", "image_url": RED_DOT}]
    assert_completed(whole(server, model=f"normal@{kind}", input=[message("user", content)]))

    assert RED_DOT.partition(",")[2] in json.dumps(reached(upstream, f"normal:or-{kind}"))


def test_a_conversation_of_several_turns(server, upstream, kind):
    turns = [message("user", "My name is Alice."), message("assistant", "Hello Alice!"), message("user", "What is my name?")]
    response = whole(server, model=f"echo@{kind}", input=turns)

    assert text_of(response) == "What is my name?"
    assert [turn["role"] for turn in reached(upstream, f"echo:or-{kind}")["messages"]] == ["user", "assistant", "user"]


def test_phases_of_an_assistant_are_taken(server, upstream, kind):
    turns = [message("assistant", "I should answer with the saved number.", phase="commentary"),
             message("assistant", "The number is four.", phase="final_answer"), message("user", "Repeat only the number.")]
    assert_completed(whole(server, model=f"normal@{kind}", input=turns))

    sent = json.dumps(reached(upstream, f"normal:or-{kind}")["messages"])
    assert "saved number" in sent and "number is four" in sent and "phase" not in sent


def test_what_came_out_may_go_in_again(server, kind):
    for behaviour in ("normal", "reasoning", "tools"):
        first = whole(server, model=f"{behaviour}@{kind}", input="Begin", tools=[{**WEATHER, "name": "look"}])
        outputs = [{"type": "function_call_output", "call_id": item["call_id"], "output": "ok"} for item in first["output"] if item["type"] == "function_call"]
        assert_completed(whole(server, model=f"normal@{kind}", input=[message("user", "Begin"), *first["output"], *outputs, message("user", "Go on")]))


def test_what_was_asked_for_comes_back(server, kind):
    asked = {"instructions": "Be brief.", "temperature": 0.5, "top_p": 0.25, "max_output_tokens": 99, "metadata": {"team": "one"}, "store": False,
             "parallel_tool_calls": False, "truncation": "auto", "safety_identifier": "somebody", "prompt_cache_key": "mine", "max_tool_calls": 3}
    response = whole(server, model=f"normal@{kind}", input="Hi", tools=[WEATHER], tool_choice={"type": "function", "name": "get_weather"}, **asked)

    assert {key: response[key] for key in asked} == asked
    assert response["tool_choice"] == {"type": "function", "name": "get_weather"}
    format = {"type": "json_schema", "name": "word", "schema": {"type": "object"}, "strict": True}
    echoed = whole(server, model=f"normal@{kind}", input="Hi", text={"format": format})["text"]["format"]
    assert {key: echoed[key] for key in format} == format


def test_a_stream_that_breaks_ends_as_failed(server, kind):
    _, events = streamed_until_broken(server, model=f"cut@{kind}", input="Hi")

    last = events[-1]
    assert last["type"] == "response.failed" and last["response"]["status"] == "failed"
    assert last["response"]["error"]["code"] and last["response"]["error"]["message"]


def streamed_until_broken(server, **body):
    status, _, raw = server.post(PATH, {**body, "stream": True})
    assert status == 200
    return status, events_of(raw)


def test_a_conversation_is_compacted(server, upstream, kind):
    turns = [message("user", "We agreed to launch on Tuesday."), message("assistant", "Understood.")]
    compacted = whole(server, path=PATH + "/compact", model=f"normal@{kind}", prompt_cache_key="mine", input=turns)

    assert "compaction" in [item["type"] for item in compacted["output"]]
    assert_completed(whole(server, model=f"normal@{kind}", input=[*compacted["output"], message("user", "When?")]))
    assert ANSWER in json.dumps(reached(upstream, f"normal:or-{kind}")), "the summary that stands for the conversation"


@pytest.mark.parametrize(("path", "body", "param"), [
    (PATH + "/compact", {"input": [message("user", "Compact this.")]}, "model"),
    (PATH, {"model": "normal@openai"}, "input"),
    (PATH, {"model": "normal@openai", "input": 7}, "input"),
    (PATH, {"model": "normal@openai", "input": [message("user", [{"type": "input_hologram"}])]}, "input[0].content[0].type"),
    (PATH, {"model": "normal@openai", "input": "Hi", "tool_choice": {"type": "function", "name": "absent"}}, "tool_choice.name"),
    (PATH, {"model": "normal@openai", "input": "Hi", "conversation": "conv_1"}, "conversation"),
    (PATH, {"model": "normal@openai", "input": "Hi", "temperature": 3}, "temperature"),
])
def test_a_bad_request_names_the_field(server, path, body, param):
    status, _, raw = server.post(path, body)

    assert status in (400, 422), raw
    assert assert_error(json.loads(raw))["param"] == param, raw


@pytest.mark.model
def test_the_local_model_keeps_to_the_shapes(real):
    model = real.get_json("/v1/models")["data"][0]["id"]
    plain = {"model": model, "retrieval": {"enabled": False}, "max_output_tokens": 40, "temperature": 0}
    whole(real, input="Say hello.", **plain)
    streamed(real, input="Count from 1 to 5.", **plain)
    output, events = streamed(real, input="What's the weather like in Oslo?", tools=[WEATHER], tool_choice="required", **{**plain, "max_output_tokens": 200})
    assert output and {item["type"] for item in output} == {"function_call"}
    for item in output:
        assert set(json.loads(item["arguments"])) == {"location"}
