"""What reaches a backend: the client's request in the backend's own dialect, and nothing that it does not know."""
import json

import pytest
from support.models import KINDS, SERVER, chat
from support.server import Promethean
from support.sse import user

# What the real services accept; Anthropic's refuses a request with any other member.
ANTHROPIC_FIELDS = {"model", "messages", "system", "max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "tools", "tool_choice",
                    "thinking", "metadata", "output_config", "output_format", "service_tier"}
OLLAMA_FIELDS = {"model", "messages", "stream", "options", "tools", "format", "think", "keep_alive", "truncate"}
SCHEMA = {"type": "object", "properties": {"at": {"type": "integer"}}, "required": ["at"]}
TOOLS = [{"type": "function", "function": {"name": "look", "description": "Looks there.", "parameters": SCHEMA}},
         {"type": "function", "function": {"name": "rest"}}]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for kind in KINDS:
        config += upstream.model_table(f"ours-{kind}", backend=kind, upstream=f"normal:{kind}-seen", context=8192, api_key_env="MODEL_KEY")
        config += upstream.model_table(f"cool-{kind}", backend=kind, upstream=f"normal:{kind}-seen", parameters={"temperature": 0.2})
    home = tmp_path_factory.mktemp("requests")
    with Promethean(home, pathspec_copy, config, environment={"MODEL_KEY": "sk-model-key"}) as running:
        yield running


@pytest.fixture
def seen(server, upstream):
    """seen(kind, body...): sends it to our model of that kind, and gives what the backend got."""
    def send(kind, model="ours", **body):
        status, _, answer = chat(server, {"messages": [{"role": "user", "content": "hello"}], **body, "model": f"{model}-{kind}"})
        assert status == 200, answer
        assert answer["model"] == f"{model}-{kind}", "the backend's own name is no business of the client"
        return upstream.of(f"normal:{kind}-seen").requests[-1]

    return send


def text_of(content):
    """Text that may stand as a string or as blocks."""
    return content if isinstance(content, str) else "".join(block["text"] for block in content if block["type"] == "text")


# ---- messages ----

CONVERSATION = [
    {"role": "system", "content": "Answer in rhyme."},
    {"role": "developer", "content": "Be short. – 🙂"},
    {"role": "user", "content": "First."},
    {"role": "user", "content": [{"type": "text", "text": "Second"}, {"type": "text", "text": " part."}]},
    {"role": "assistant", "content": "A verse."},
    {"role": "user", "content": "Third."},
]


def test_openai_gets_the_conversation_as_it_is(seen):
    assert seen("openai", messages=CONVERSATION)["messages"] == CONVERSATION


def test_ollama_gets_texts_and_roles_that_it_knows(seen):
    messages = seen("ollama", messages=CONVERSATION)["messages"]

    assert {message["role"] for message in messages} == {"system", "user", "assistant"}
    assert all(isinstance(message["content"], str) for message in messages)
    assert [message["content"] for message in messages if message["role"] == "user"][-1] == "Third."
    assert "Be short. – 🙂" in "".join(message["content"] for message in messages if message["role"] == "system")
    assert "Second\n part." in "".join(message["content"] for message in messages if message["role"] == "user")


def test_anthropic_gets_the_system_apart_and_turns_that_alternate(seen):
    request = seen("anthropic", messages=CONVERSATION)

    system = text_of(request["system"])
    assert "Answer in rhyme." in system and "Be short. – 🙂" in system
    assert [message["role"] for message in request["messages"]] == ["user", "assistant", "user"]
    first = text_of(request["messages"][0]["content"])
    assert "First." in first and "Second part." in first
    assert text_of(request["messages"][2]["content"]) == "Third."


# ---- tools ----

ROUND_TRIP = [
    {"role": "user", "content": "Look twice."},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}},
        {"id": "call_b", "type": "function", "function": {"name": "rest", "arguments": ""}}]},
    {"role": "tool", "tool_call_id": "call_a", "content": "a tree"},
    {"role": "tool", "tool_call_id": "call_b", "content": [{"type": "text", "text": "rested"}]},
    {"role": "user", "content": "And now?"},
]


def test_openai_gets_tools_and_results_as_they_are(seen):
    request = seen("openai", messages=ROUND_TRIP, tools=TOOLS, tool_choice="auto")

    assert request["messages"] == ROUND_TRIP
    assert request["tools"] == TOOLS


def test_ollama_gets_arguments_as_objects_and_results_by_name(seen):
    request = seen("ollama", messages=ROUND_TRIP, tools=TOOLS)

    asked = next(message for message in request["messages"] if message["role"] == "assistant")
    assert [call["function"]["name"] for call in asked["tool_calls"]] == ["look", "rest"]
    assert [call["function"]["arguments"] for call in asked["tool_calls"]] == [{"at": 1}, {}]
    results = [message for message in request["messages"] if message["role"] == "tool"]
    assert [(message["tool_name"], message["content"]) for message in results] == [("look", "a tree"), ("rest", "rested")]
    assert request["tools"][0]["type"] == "function"
    assert request["tools"][0]["function"]["parameters"] == SCHEMA


def test_anthropic_gets_tool_use_and_tool_result_blocks(seen):
    request = seen("anthropic", messages=ROUND_TRIP, tools=TOOLS)

    assert [message["role"] for message in request["messages"]] == ["user", "assistant", "user"]
    uses = [block for block in request["messages"][1]["content"] if block["type"] == "tool_use"]
    assert [(use["id"], use["name"], use["input"]) for use in uses] == [("call_a", "look", {"at": 1}), ("call_b", "rest", {})]
    answer = request["messages"][2]["content"]
    assert [block["type"] for block in answer] == ["tool_result", "tool_result", "text"], "results come first"
    assert [(block["tool_use_id"], text_of(block["content"])) for block in answer[:2]] == [("call_a", "a tree"), ("call_b", "rested")]
    assert text_of(answer) == "And now?"
    look, rest = request["tools"]
    assert (look["name"], look["description"], look["input_schema"]) == ("look", "Looks there.", SCHEMA)
    assert rest["input_schema"]["type"] == "object", "a schema is required there"


@pytest.mark.parametrize(("choice", "expected"), [
    ("auto", {"type": "auto"}),
    ("required", {"type": "any"}),
    ({"type": "function", "function": {"name": "look"}}, {"type": "tool", "name": "look"}),
])
def test_anthropic_gets_the_choice_of_tools_in_its_words(seen, choice, expected):
    chosen = seen("anthropic", tools=TOOLS, tool_choice=choice).get("tool_choice", {"type": "auto"})

    assert expected.items() <= chosen.items()


def test_an_id_that_we_made_leads_back_to_its_call(seen):
    """The client returns the id that it was given; the backend has the name of the tool."""
    made = "call_made_here"
    messages = [{"role": "user", "content": "Look."},
                {"role": "assistant", "tool_calls": [{"id": made, "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": made, "content": "a tree"}]
    assert seen("ollama", messages=messages, tools=TOOLS)["messages"][-1]["tool_name"] == "look"


# ---- options ----

OPTIONS = {"temperature": 0.25, "top_p": 0.5, "seed": 7, "stop": ["END", "STOP"]}


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_options_in_the_words_of_each_backend(seen, limit):
    request = seen("openai", **OPTIONS, **{limit: 17})
    assert OPTIONS.items() <= request.items()
    assert 17 in (request.get("max_tokens"), request.get("max_completion_tokens"))

    options = seen("ollama", **OPTIONS, **{limit: 17})["options"]
    assert (OPTIONS | {"num_predict": 17, "num_ctx": 8192}).items() <= options.items()

    request = seen("anthropic", **OPTIONS, **{limit: 17})
    assert (request["temperature"], request["top_p"], request["stop_sequences"], request["max_tokens"]) == (0.25, 0.5, ["END", "STOP"], 17)


def test_a_single_stop_text_becomes_a_list_where_one_is_needed(seen):
    assert seen("ollama", stop="END")["options"]["stop"] == ["END"]
    assert seen("anthropic", stop="END")["stop_sequences"] == ["END"]


def test_anthropic_always_gets_a_limit_and_ollama_its_context(seen):
    assert seen("anthropic")["max_tokens"] >= 1
    assert seen("ollama")["options"]["num_ctx"] == 8192


def test_fields_that_a_backend_does_not_know_stay_here(seen):
    body = {**OPTIONS, "n": 1, "user": "me", "logit_bias": {}, "presence_penalty": 0.5, "frequency_penalty": 0.5, "parallel_tool_calls": True,
            "response_format": {"type": "text"}, "store": False, "metadata": {"a": "b"}, "stream_options": None, "tools": TOOLS}
    assert set(seen("anthropic", **body)) <= ANTHROPIC_FIELDS
    assert set(seen("ollama", **body)) <= OLLAMA_FIELDS
    for kind in KINDS:
        assert "retrieval" not in seen(kind, retrieval={"enabled": False})


def test_the_models_parameters_hold_where_the_client_says_nothing(seen):
    def temperature(request):
        return request.get("options", request)["temperature"]

    for kind in KINDS:
        assert temperature(seen(kind, model="cool")) == 0.2
        assert temperature(seen(kind, model="cool", temperature=0.9)) == 0.9


def test_a_schema_for_the_answer(seen):
    asked = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}

    assert seen("openai", response_format=asked)["response_format"] == asked
    assert seen("ollama", response_format=asked)["format"] == SCHEMA
    assert seen("ollama", response_format={"type": "json_object"})["format"] == "json"
    assert "format" not in seen("ollama", response_format={"type": "text"})


def test_the_effort_of_reasoning(seen):
    assert seen("openai", reasoning_effort="high")["reasoning_effort"] == "high"
    assert seen("ollama", reasoning_effort="high")["think"] in (True, "high")
    assert seen("ollama", reasoning_effort="none")["think"] is False
    assert seen("ollama").get("think") is None, "a model without thoughts refuses to be asked for them"


# ---- images ----


def test_an_image_reaches_each_backend(seen):
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}]

    assert seen("openai", messages=messages)["messages"] == messages

    [message] = seen("ollama", messages=messages)["messages"]
    assert (message["content"], message["images"]) == ("What is it?", [PIXEL])

    [message] = seen("anthropic", messages=messages)["messages"]
    assert {"type": "text", "text": "What is it?"} in message["content"]
    assert {"type": "base64", "media_type": "image/png", "data": PIXEL} in [block.get("source") for block in message["content"]]


# ---- credentials ----


def test_each_backend_gets_our_key_in_its_header_and_never_the_callers_token(server, seen, upstream):
    for kind in KINDS:
        body = seen(kind)
        headers = upstream.of(f"normal:{kind}-seen").calls[-1].headers
        assert server.token not in json.dumps([headers, body])
        if kind == "anthropic":
            assert headers["x-api-key"] == "sk-model-key" and headers["anthropic-version"] == "2023-06-01"
        else:
            assert headers["authorization"] == "Bearer sk-model-key"


def test_the_sent_length_of_a_long_conversation_is_whole(server, upstream):
    text = "größe " * 2_000
    for kind in KINDS:
        status, _, _ = chat(server, user(text, model=f"ours-{kind}"))
        assert status == 200
        assert upstream.of(f"normal:{kind}-seen").calls[-1].text == text
