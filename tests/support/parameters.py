"""Every documented parameter of OpenAI's endpoints, each with a documented value that asks for something."""
import re

FUNCTION = {"type": "function", "function": {"name": "look", "description": "Looks", "strict": True, "parameters": {
    "type": "object", "properties": {"at": {"type": "integer"}}, "required": ["at"], "additionalProperties": False}}}
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], "additionalProperties": False}
FLAT = {"type": "function", **FUNCTION["function"]}
IMAGE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class With:
    """A value that needs other parameters beside it."""

    def __init__(self, value, **others):
        self.value, self.others = value, others


CHAT = {
    "messages": [
        [{"role": "developer", "content": "Be brief.", "name": "boss"}, {"role": "user", "content": [{"type": "text", "text": "Hi"}], "name": "ada"}],
        [{"role": "user", "content": "Hi"},
         {"role": "assistant", "content": None, "refusal": None, "tool_calls": [
             {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}]},
         {"role": "tool", "tool_call_id": "call_1", "content": "seen"}],
    ],
    "model": [],
    "audio": [With({"format": "wav", "voice": "alloy"}, modalities=["text", "audio"])],
    "frequency_penalty": [-2, 0.5],
    "function_call": [With("none", functions=[{"name": "look", "parameters": {}}]), "auto"],
    "functions": [[{"name": "look", "description": "Looks", "parameters": {"type": "object", "properties": {}}}]],
    "logit_bias": [{"15": -100}],
    "logprobs": [True],
    "max_completion_tokens": [4],
    "max_tokens": [4],
    "metadata": [{"team": "one"}],
    "modalities": [["text"]],
    "moderation": [{"model": "omni-moderation-latest"}],
    "n": [2],
    "parallel_tool_calls": [With(True, tools=[FUNCTION]), With(False, tools=[FUNCTION])],
    "prediction": [{"type": "content", "content": "Hi there"}],
    "presence_penalty": [2],
    "prompt_cache_key": ["mine"],
    "prompt_cache_options": [{"mode": "implicit", "ttl": "30m"}],
    "prompt_cache_retention": ["in_memory", "24h"],
    "reasoning_effort": ["none", "minimal", "low", "medium", "high", "xhigh"],
    "response_format": [{"type": "text"}, {"type": "json_object"},
                        {"type": "json_schema", "json_schema": {"name": "word", "description": "One", "schema": SCHEMA, "strict": True}}],
    "safety_identifier": ["somebody"],
    "seed": [-9007199254740991, 7],
    "service_tier": ["auto", "default", "flex", "scale", "priority"],
    "stop": ["\n", ["a", "b", "c", "d"]],
    "store": [True],
    "stream": [True],
    "stream_options": [With({"include_usage": True, "include_obfuscation": True}, stream=True)],
    "temperature": [0, 2],
    "tool_choice": [With("none", tools=[FUNCTION]), With("auto", tools=[FUNCTION]), With("required", tools=[FUNCTION]),
                    With({"type": "function", "function": {"name": "look"}}, tools=[FUNCTION]),
                    With({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "look"}}]}},
                         tools=[FUNCTION])],
    "tools": [[FUNCTION], [FUNCTION, {"type": "custom", "custom": {"name": "shell", "description": "Runs", "format": {"type": "text"}}}]],
    "top_logprobs": [With(2, logprobs=True)],
    "top_p": [0.5, 1],
    "user": ["somebody"],
    "verbosity": ["low", "medium", "high"],
    "web_search_options": [{"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "Oslo", "country": "NO"}}}],
}

COMPLETIONS = {
    "model": [],
    "prompt": ["Once", ["Once", "Twice"], [1, 2, 3], [[1, 2], [3]]],
    "best_of": [2],
    "echo": [True],
    "frequency_penalty": [0.5],
    "logit_bias": [{"15": -100}],
    "logprobs": [0, 2],
    "max_tokens": [4],
    "n": [2],
    "presence_penalty": [0.5],
    "seed": [7],
    "stop": ["\n", ["a", "b"]],
    "stream": [True],
    "stream_options": [With({"include_usage": True, "include_obfuscation": True}, stream=True)],
    "suffix": ["the end."],
    "temperature": [0, 2],
    "top_p": [0.5],
    "user": ["somebody"],
}

EMBEDDINGS = {
    "input": ["a text", ["one", "two"], [1, 2, 3], [[1, 2], [3]]],
    "model": [],
    "dimensions": [2],
    "encoding_format": ["float", "base64"],
    "user": ["somebody"],
}

RESPONSES = {
    "background": [False, True],
    "context_management": [[{"type": "compaction", "compact_threshold": 100000}]],
    "conversation": ["conv_1", {"id": "conv_1"}],
    "include": [["reasoning.encrypted_content", "file_search_call.results", "web_search_call.action.sources", "message.input_image.image_url",
                 "computer_call_output.output.image_url", "code_interpreter_call.outputs"], ["message.output_text.logprobs"]],
    "input": ["Hi", [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}, {"type": "input_text", "text": "there"}]}],
              [{"type": "message", "role": "system", "content": "Be brief."}, {"type": "message", "role": "user", "content": "Hi"},
               {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
               {"type": "function_call_output", "call_id": "c1", "output": "seen"}]],
    "instructions": ["Be brief."],
    "max_output_tokens": [16],
    "max_tool_calls": [2],
    "metadata": [{"team": "one"}],
    "model": [],
    "moderation": [{"model": "omni-moderation-latest"}],
    "parallel_tool_calls": [With(True, tools=[FLAT]), With(False, tools=[FLAT])],
    "previous_response_id": [],  # needs one that is stored: test_responses.py
    "prompt": [{"id": "pmpt_1", "version": "2", "variables": {"city": "Oslo"}}],
    "prompt_cache_key": ["mine"],
    "prompt_cache_options": [{"mode": "implicit", "ttl": "30m"}],
    "prompt_cache_retention": ["in_memory", "24h"],
    "reasoning": [{"effort": "low", "summary": "auto"}, {"effort": "high", "summary": "detailed", "generate_summary": "concise"}],
    "safety_identifier": ["somebody"],
    "service_tier": ["auto", "default", "flex", "scale", "priority"],
    "store": [True, False],
    "stream": [True],
    "stream_options": [With({"include_obfuscation": True}, stream=True)],
    "temperature": [0, 2],
    "text": [{"format": {"type": "text"}, "verbosity": "low"}, {"format": {"type": "json_object"}},
             {"format": {"type": "json_schema", "name": "word", "description": "One", "schema": SCHEMA, "strict": True}}],
    "tool_choice": [With("none", tools=[FLAT]), With("auto", tools=[FLAT]), With("required", tools=[FLAT]), With({"type": "function", "name": "look"}, tools=[FLAT]),
                    With({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "look"}]}, tools=[FLAT])],
    "tools": [[FLAT], [FLAT, {"type": "web_search"}, {"type": "custom", "name": "shell", "description": "Runs", "format": {"type": "text"}}]],
    "top_logprobs": [2],
    "top_p": [0.5],
    "truncation": ["auto", "disabled"],
    "user": ["somebody"],
}

# path -> (what stands in docs/compatibility.md, parameters, the least that a request needs, the SDK's type and its file)
ENDPOINTS = {
    "/v1/chat/completions": (CHAT, {"messages": [{"role": "user", "content": "Hi"}]}, "ChatCompletionCreateParamsBase", "chat/completions/completions.d.ts"),
    "/v1/completions": (COMPLETIONS, {"prompt": "Once"}, "CompletionCreateParamsBase", "completions.d.ts"),
    "/v1/embeddings": (EMBEDDINGS, {"input": "a text"}, "EmbeddingCreateParams", "embeddings.d.ts"),
    "/v1/responses": (RESPONSES, {"input": "Hi"}, "ResponseCreateParamsBase", "responses/responses.d.ts"),
}


def members_of(declaration, name):
    """The names of an interface's own members in a TypeScript declaration file."""
    text = re.sub(r"/\*.*?\*/", "", declaration, flags=re.S)
    begin = re.search(rf"export interface {name}\b[^{{]*\{{", text)
    assert begin, f"no interface {name}"
    depth, names, word = 1, [], ""
    for character in text[begin.end():]:
        if character in "{(<[":
            depth += 1
        elif character in "})>]":
            depth -= 1
        if depth == 0:
            return names
        if depth == 1 and character == ":":
            names.append(word.strip().rstrip("?").strip("'\""))
            word = ""
        elif depth == 1 and character == ";":
            word = ""
        elif depth == 1 and character not in "}":
            word += character
    raise AssertionError(f"interface {name} does not end")


def table_of(page, path):
    """A table of docs/compatibility.md: field -> {backend: what becomes of it there}."""
    section = page.split(f"## POST {path}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    kinds = rows[0][1:5]
    return {row[0].strip("`"): dict(zip(kinds, row[1:5])) for row in rows[2:]}
