"""Tools and the real local model: every choice, whole and streamed, and a whole loop by the official SDK."""
import json

import openai
import pytest
from support.sse import PLAIN, ChatStream, user

pytestmark = pytest.mark.model

CHAT = "/v1/chat/completions"
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The current weather of a city",
    "parameters": {"type": "object", "additionalProperties": False, "required": ["city", "unit", "days"], "properties": {
        "city": {"type": "string", "minLength": 1, "maxLength": 20}, "unit": {"enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 14}}}}}
TIME = {"type": "function", "function": {"name": "get_time", "description": "The current time"}}
ASK = "What is the weather in Paris?"


def body(**more):
    return user(ASK, **{"tools": [WEATHER, TIME], "max_tokens": 200, "temperature": 0, "retrieval": PLAIN, **more})


def ask(server, **more):
    status, _, raw = server.post(CHAT, body(**more))
    answer = json.loads(raw)
    assert status == 200, answer
    return answer["choices"][0]


def refusal(server, **more):
    status, _, raw = server.post(CHAT, body(**more))
    assert status == 400, raw
    return json.loads(raw)["error"]


def assert_valid(call):
    """A call that keeps to the schema of its tool."""
    assert set(call) == {"id", "type", "function"} and call["type"] == "function" and call["id"]
    arguments = json.loads(call["function"]["arguments"])
    if call["function"]["name"] == "get_time":
        assert arguments == {}
        return
    assert call["function"]["name"] == "get_weather"
    assert set(arguments) == {"city", "unit", "days"}
    assert 1 <= len(arguments["city"]) <= 20 and arguments["unit"] in ("celsius", "fahrenheit")
    assert isinstance(arguments["days"], int) and 1 <= arguments["days"] <= 14


@pytest.mark.parametrize("temperature", [0, 1, 2])
def test_a_required_call_keeps_to_its_schema(real, temperature):
    choice = ask(real, tool_choice="required", temperature=temperature, seed=5)

    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    for call in choice["message"]["tool_calls"]:
        assert_valid(call)


def test_a_named_tool_is_called_once(real):
    for name in ("get_weather", "get_time"):
        choice = ask(real, tool_choice={"type": "function", "function": {"name": name}})

        assert [call["function"]["name"] for call in choice["message"]["tool_calls"]] == [name]
        assert_valid(choice["message"]["tool_calls"][0])


def test_only_allowed_tools_are_called(real):
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "get_time"}}]}}
    choice = ask(real, tool_choice=allowed, parallel_tool_calls=False)

    assert [call["function"]["name"] for call in choice["message"]["tool_calls"]] == ["get_time"]


def test_several_calls_have_to_be_asked_for(real):
    assert len(ask(real, tool_choice="required")["message"]["tool_calls"]) == 1
    several = ask(real, tool_choice="required", parallel_tool_calls=True, max_tokens=400)["message"]["tool_calls"]
    assert 1 <= len(several) <= 8 and len({call["id"] for call in several}) == len(several)
    for call in several:
        assert_valid(call)


def test_none_is_plain_text(real):
    choice = ask(real, tool_choice="none")

    assert choice["finish_reason"] in ("stop", "length") and choice["message"]["content"]
    assert "tool_calls" not in choice["message"]


def test_auto_is_text_or_valid_calls(real):
    choice = ask(real)

    calls = choice["message"].get("tool_calls", [])
    assert calls or choice["message"]["content"]
    if choice["finish_reason"] == "tool_calls":
        for call in calls:
            assert_valid(call)
    assert "<tool_call>" not in (choice["message"]["content"] or "")


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_calls_are_streamed_in_pieces(real, choice):
    stream = ChatStream(real, body(tool_choice=choice, parallel_tool_calls=False, stream_options={"include_usage": True})).read()

    assert stream.done and stream.finish_reason == "tool_calls"
    pieces = [piece for event in stream.events for one in event["choices"] for piece in one["delta"].get("tool_calls", [])]
    first, *rest = pieces
    assert first["index"] == 0 and first["id"] and first["type"] == "function" and first["function"]["name"]
    assert len(rest) > 2 and all(piece["index"] == 0 and set(piece) == {"index", "function"} for piece in rest)
    arguments = "".join(piece["function"]["arguments"] for piece in pieces)
    assert_valid({"id": first["id"], "type": "function", "function": {"name": first["function"]["name"], "arguments": arguments}})
    assert stream.events[-1]["usage"]["completion_tokens"] > 0
    assert stream.events[0]["choices"][0]["delta"]["role"] == "assistant"


def test_few_tokens_still_make_a_whole_call(real):
    """The limit comes before the model is done: the arguments are closed, and the reason says that it was the limit."""
    tool = {"type": "function", "function": {"name": "write", "parameters": {
        "type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 5}}}}}
    status, _, raw = real.post(CHAT, user("Write a long poem about the sea.", tools=[tool], tool_choice="required", max_tokens=60,
                                          temperature=0, retrieval=PLAIN))
    choice = json.loads(raw)["choices"][0]
    assert status == 200
    [call] = choice["message"]["tool_calls"][:1]
    assert len(json.loads(call["function"]["arguments"])["text"]) >= 5


def test_text_keeps_to_the_format_beside_tools(real):
    schema = {"type": "object", "required": ["word"], "properties": {"word": {"type": "string", "maxLength": 12}}, "additionalProperties": False}
    choice = ask(real, tool_choice="auto", response_format={"type": "json_schema", "json_schema": {"name": "w", "schema": schema}})

    if choice["message"].get("tool_calls"):
        assert_valid(choice["message"]["tool_calls"][0])
    else:
        assert set(json.loads(choice["message"]["content"])) == {"word"}


def test_what_a_tool_said_is_read_by_the_model(real):
    """The history of a call is as good as a text: the answer speaks of what came back."""
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris", "unit": "celsius", "days": 1}'}}
    messages = [{"role": "user", "content": "What is the secret word? Look it up."}, {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "content": "The secret word is marzipan."}]
    status, _, raw = real.post(CHAT, {"messages": messages, "tools": [WEATHER], "tool_choice": "none", "max_tokens": 40, "temperature": 0,
                                      "retrieval": PLAIN})
    assert status == 200, raw
    assert "marzipan" in json.loads(raw)["choices"][0]["message"]["content"].lower()


SCHEMAS = {
    "keywords that no grammar has": ({"not": {"type": "null"}}, ""),
    "a look-ahead": ({"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=x)y"}}}, ".properties.a"),
    "unique items": ({"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}, ".properties.a"),
    "a reference to nowhere": ({"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}, ".properties.a"),
    "no end": ({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}, ""),
    "no object": ({"type": "array"}, ""),
    "nothing": ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}}, ".properties.a"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_that_cannot_be_held_is_refused_with_its_place(real, name):
    schema, place = SCHEMAS[name]
    tools = [TIME, {"type": "function", "function": {"name": "odd", "parameters": schema}}]
    for choice in ("auto", "required"):
        error = refusal(real, tools=tools, tool_choice=choice)
        assert error["param"] == "tools[1].function.parameters" + place, error
    assert ask(real, tools=tools, tool_choice="none")["message"]["content"]


def test_a_schema_has_limits(real):
    deep = {"type": "integer"}
    for _ in range(28):
        deep = {"type": "array", "items": deep}
    many = {"type": "object", "properties": {f"p{i}": {"type": "integer"} for i in range(5000)}}
    assert "deep" not in refusal(real, tools=[{"type": "function", "function": {"name": "f", "parameters": many}}])["message"]
    assert ask(real, tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"d": deep}}}}],
               tool_choice="required")["message"]["tool_calls"]


@pytest.mark.parametrize(("more", "param"), [
    ({"tool_choice": "perhaps"}, "tool_choice"),
    ({"tool_choice": {"type": "function", "function": {"name": "absent"}}}, "tool_choice"),
    ({"tool_choice": "required", "tools": []}, "tool_choice"),
    ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
    ({"tools": [TIME, TIME]}, "tools[1].function.name"),
    ({"grammar": 'root ::= "x"'}, "grammar"),
])
def test_what_makes_no_sense_is_named(real, more, param):
    assert refusal(real, **more)["param"] == param


def test_a_schema_of_an_answer_is_refused_like_that_of_a_tool(real):
    status, _, raw = real.post(CHAT, user("Hi", retrieval=PLAIN, response_format={
        "type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties": {"a": {"if": {}}}}}}))
    assert status == 400
    assert json.loads(raw)["error"]["param"] == "response_format.json_schema.schema.properties.a"


def test_the_sdk_runs_a_loop_of_tools(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    model = client.models.list().data[0].id
    messages = [{"role": "user", "content": ASK}]
    first = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER], tool_choice="required", temperature=0,
                                           parallel_tool_calls=False, extra_body={"retrieval": PLAIN})
    message = first.choices[0].message
    [call] = message.tool_calls
    messages += [message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "Sunny, 21 degrees"}]
    last = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER], tool_choice="none", temperature=0, max_tokens=40,
                                          extra_body={"retrieval": PLAIN})
    assert last.choices[0].message.content


def test_the_responses_api_calls_tools_of_the_local_model(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    response = client.responses.create(model=client.models.list().data[0].id, input=ASK, tool_choice="required", temperature=0,
                                       tools=[{"type": "function", **WEATHER["function"], "strict": True}], parallel_tool_calls=False)
    [call] = response.output
    assert call.type == "function_call" and call.name == "get_weather"
    assert set(json.loads(call.arguments)) == {"city", "unit", "days"}
