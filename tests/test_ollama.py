"""Ollama's dialect in front of every kind of backend: lines, whole answers, errors, models, embeddings, and who is augmented."""
import datetime
import http.client
import json

import pytest
from support.models import KINDS, SERVER, fresh, gone
from support.server import Promethean, wait_for
from support.sse import PLAIN
from support.upstream import WORDS
from support.upstream_ollama import CONTEXT
from support.upstream_script import vector

CHAT, GENERATE = "/api/chat", "/api/generate"
BEHAVIOURS = ["normal", "echo", "tools", "two-tools", "reasoning", "long", "cut", "stall", "short", "malformed", "error", "error-first", "normal-utf8",
              "status-400", "status-401", "status-404", "status-429", "status-500", "status-503", "slow", "agent"]
TOOLS = [{"type": "function", "function": {"name": "look", "description": "Looks there.", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}}}]
PNG = "iVBORw0KGgo="
QUESTION = "Where is gitignore matching implemented?"


@pytest.fixture(scope="module")
def server(tmp_path_factory, pathspec_copy, upstream):
    config = SERVER
    for kind in KINDS:
        for behaviour in BEHAVIOURS:
            config += upstream.model_table(f"{behaviour}-{kind}", backend=kind, upstream=f"{behaviour}:api-{kind}", retries=0)
        config += upstream.model_table(f"cited-{kind}", backend=kind, upstream=f"echo:api-cited-{kind}", retrieval=True, context=0)
    config += upstream.model_table("tagged:latest", upstream="normal:api-tagged")
    config += gone("away")
    with Promethean(tmp_path_factory.mktemp("ollama"), pathspec_copy, config) as running:
        yield running


class Lines:
    """A streamed answer, line by line. `.cut` tells whether it ended without an end."""

    def __init__(self, server, body, path=CHAT, headers=None):
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=120)
        sent = {"authorization": f"Bearer {server.token}", "content-type": "application/json", **(headers or {})}
        self.connection.request("POST", path, json.dumps(body), sent)
        self.response = self.connection.getresponse()
        self.lines, self.cut = [], False

    def __iter__(self):
        rest = b""
        try:
            while data := self.response.read1(65536):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self.lines.append(json.loads(line))
                    yield self.lines[-1]
            assert rest == b"", "each line ends"
        except (http.client.IncompleteRead, ConnectionError):
            self.cut = True
        finally:
            self.close()

    def read(self):
        for _ in self:
            pass
        return self

    def close(self):
        self.response.close()
        self.connection.close()


def asking(model, content="How many?", **more):
    return {"model": model, "messages": [{"role": "user", "content": content}], **more}


def whole(server, body, path=CHAT, **options):
    status, headers, raw = server.post(path, {"stream": False, **body}, **options)
    return status, headers, json.loads(raw)


def answered(server, body, path=CHAT, **options):
    status, _, answer = whole(server, body, path, **options)
    assert status == 200, answer
    return answer


def streamed(server, body, path=CHAT, **options):
    lines = Lines(server, body, path, **options).read()
    assert lines.response.status == 200, lines.lines
    assert lines.response.headers["content-type"] == "application/x-ndjson"
    assert not lines.cut
    return lines.lines


def put_together(lines):
    """What a client shows of the lines."""
    *before, last = lines
    assert last["done"] is True and all(line["done"] is False for line in before)
    message = {"role": "assistant", "content": ""}
    for line in lines:
        assert line["message"]["role"] == "assistant"
        message["content"] += line["message"]["content"]
        if "thinking" in line["message"]:
            message["thinking"] = message.get("thinking", "") + line["message"]["thinking"]
        if "tool_calls" in line["message"]:
            message["tool_calls"] = message.get("tool_calls", []) + line["message"]["tool_calls"]
    return {**last, "message": message}


def calls_of(answer):
    return [(call["function"]["name"], call["function"]["arguments"]) for call in answer["message"].get("tool_calls", [])]


# ---- answers ----

TEXT = "".join(WORDS)
EXPECTED = {
    "normal": (TEXT, "", [], "stop"),
    "long": (TEXT, "", [], "length"),
    "reasoning": (TEXT, "Six times seven.", [], "stop"),
    "tools": ("", "", [("look", {"at": 1})], "stop"),
    "two-tools": ("", "", [("look", {"at": 1}), ("list", {"of": "src/größe"})], "stop"),
    "normal-utf8": ("Grüße aus 東京, ça va 🙂.", "", [], "stop"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behaviour", EXPECTED)
def test_an_answer_says_the_same_whole_and_streamed(server, kind, behaviour):
    body = asking(f"{behaviour}-{kind}", tools=TOOLS)
    content, thinking, calls, reason = EXPECTED[behaviour]
    for answer in (answered(server, body), put_together(streamed(server, body))):
        message = answer["message"]
        assert (message["content"], message.get("thinking", ""), calls_of(answer), answer["done_reason"]) == (content, thinking, calls, reason)
        assert (answer["model"], answer["done"]) == (body["model"], True)
        ids = [call["id"] for call in message.get("tool_calls", [])]
        assert all(ids) and len(set(ids)) == len(ids)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", [CHAT, GENERATE])
def test_counts_and_durations(server, kind, path):
    body = {"model": f"normal-{kind}", "prompt": "How many?"} if path == GENERATE else asking(f"normal-{kind}")
    answer = answered(server, body, path)

    assert (answer["prompt_eval_count"], answer["eval_count"]) == (11, 5)
    assert 0 < answer["prompt_eval_duration"] <= answer["total_duration"] < 60 * 10**9
    assert answer["eval_duration"] > 0 and answer["load_duration"] == 0
    when = datetime.datetime.fromisoformat(answer["created_at"])
    assert abs((datetime.datetime.now(datetime.UTC) - when).total_seconds()) < 60


def test_it_streams_unless_told_not_to(server):
    lines = streamed(server, asking("normal-openai"))

    assert [line["message"]["content"] for line in lines] == [*WORDS, ""]


def test_words_come_one_by_one(server, upstream):
    before = upstream.of("slow:api-openai").left
    lines = Lines(server, asking("slow-openai"))
    for line in lines:
        if len(lines.lines) == 3:
            break
    lines.close()

    wait_for(lambda: upstream.of("slow:api-openai").left > before, 10, "the upstream to see the client leave")


@pytest.mark.parametrize("kind", KINDS)
def test_a_tool_loop(server, kind):
    body = asking(f"agent-{kind}", "What is in secret.txt?", tools=TOOLS)
    first = answered(server, body)
    [(name, arguments)] = calls_of(first)
    assert (first["message"]["content"], name, arguments["command"]) == ("I look. ", "Bash", "cat secret.txt")
    for call in first["message"]["tool_calls"]:
        del call["id"]  # as clients that know of none send it back
    body["messages"] += [first["message"], {"role": "tool", "tool_name": "Bash", "content": "xylophone"}]

    assert put_together(streamed(server, body))["message"]["content"] == "It says: xylophone"


def test_calls_and_outcomes_reach_the_model_in_pairs(server, upstream):
    body = asking("normal-openai")
    body["messages"] += [{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "look", "arguments": {"at": 1}}},
                                                                            {"function": {"name": "list", "arguments": {}}}]},
                         {"role": "tool", "tool_name": "list", "content": "a"}, {"role": "tool", "tool_name": "look", "content": "b"}]
    answered(server, body)

    _, turn, one, two = upstream.of("normal:api-openai").requests[-1]["messages"]
    ids = {call["function"]["name"]: call["id"] for call in turn["tool_calls"]}
    assert json.loads(turn["tool_calls"][0]["function"]["arguments"]) == {"at": 1}
    assert [(one["tool_call_id"], one["content"]), (two["tool_call_id"], two["content"])] == [(ids["list"], "a"), (ids["look"], "b")]


def test_images_reach_the_model(server, upstream):
    body = {"model": "normal-openai", "messages": [{"role": "user", "content": "what?", "images": [PNG]}]}
    answered(server, body)
    [said] = upstream.of("normal:api-openai").requests[-1]["messages"]
    assert said["content"][1]["image_url"]["url"] == f"data:image/png;base64,{PNG}"

    answered(server, {**body, "model": "normal-ollama"})
    assert upstream.of("normal:api-ollama").requests[-1]["messages"][0]["images"] == [PNG]


OPTIONS = {"num_predict": 7, "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1, "seed": 3, "stop": ["x"], "num_ctx": 100,
           "repeat_penalty": 1.1, "presence_penalty": 0.2, "frequency_penalty": 0.3}


def test_options_reach_each_backend_as_far_as_it_knows_them(server, upstream):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    for kind in KINDS:
        answered(server, asking(f"normal-{kind}", options=OPTIONS, format=schema, keep_alive="5m", think="high" if kind != "anthropic" else None))
    openai, ollama, anthropic = (upstream.of(f"normal:api-{kind}").requests[-1] for kind in KINDS)

    assert {key: openai[key] for key in ("max_tokens", "temperature", "seed", "stop", "presence_penalty", "reasoning_effort")} == {
        "max_tokens": 7, "temperature": 0.5, "seed": 3, "stop": ["x"], "presence_penalty": 0.2, "reasoning_effort": "high"}
    assert openai["response_format"]["json_schema"]["schema"] == schema
    assert not {"top_k", "min_p", "think", "options", "keep_alive"} & set(openai), "OpenAI refuses fields that it does not know"
    assert ollama["options"] == {**OPTIONS, "num_ctx": 8192}, "the context is the table's"
    assert (ollama["format"], ollama["think"]) == (schema, "high")
    assert (anthropic["top_k"], anthropic["max_tokens"], anthropic["stop_sequences"]) == (40, 7, ["x"])


@pytest.mark.parametrize(("think", "sent", "effort", "shown"), [(True, True, "medium", True), (False, False, None, False), (None, None, None, True)])
def test_thinking_is_asked_for_or_left_out(server, upstream, think, sent, effort, shown):
    for kind in ("ollama", "openai"):
        answer = answered(server, asking(f"reasoning-{kind}", think=think))
        assert ("thinking" in answer["message"]) is shown
    assert upstream.of("reasoning:api-ollama").requests[-1].get("think") == sent
    assert upstream.of("reasoning:api-openai").requests[-1].get("reasoning_effort") == effort


def test_logprobs_are_asked_of_those_who_have_them(server, upstream):
    status, _, answer = whole(server, asking("normal-anthropic", logprobs=True))
    assert status == 400 and "logprobs" in answer["error"]

    answered(server, asking("normal-openai", logprobs=True, top_logprobs=2))
    sent = upstream.of("normal:api-openai").requests[-1]
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 2)


# ---- prompts ----

@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_is_answered(server, upstream, kind):
    body = {"model": f"echo-{kind}", "prompt": "Say it.", "system": "Be short.", "template": "", "context": []}
    lines = streamed(server, body, GENERATE)

    assert "".join(line["response"] for line in lines) == "Say it."
    assert answered(server, body, GENERATE)["response"] == "Say it."
    assert "Be short." in json.dumps(upstream.of(f"echo:api-{kind}").requests[-1])
    thoughts = answered(server, {"model": f"reasoning-{kind}", "prompt": "a"}, GENERATE)
    assert (thoughts["thinking"], thoughts["response"]) == ("Six times seven.", TEXT)


@pytest.mark.parametrize("kind", ["openai", "ollama"])
@pytest.mark.parametrize("change", [{"raw": True}, {"suffix": "the end"}])
def test_a_raw_prompt_is_completed_as_it_is(server, upstream, kind, change):
    body = {"model": f"echo-{kind}", "prompt": "def f(", "options": {"top_k": 3}, **change}
    answer = answered(server, body, GENERATE)
    assert (answer["response"], answer["done_reason"]) == ("def f(", "stop")
    assert "".join(line["response"] for line in streamed(server, body, GENERATE)) == "def f("

    sent = upstream.of(f"echo:api-{kind}").requests[-1]
    assert sent["prompt"] == "def f(" and sent.get("suffix") == change.get("suffix")
    limit = sent["max_tokens"] if kind == "openai" else sent["options"]["num_predict"]
    assert 8000 < limit <= 8192, "what the context leaves"


def test_a_raw_prompt_needs_a_backend_that_completes(server):
    status, _, answer = whole(server, {"model": "normal-anthropic", "prompt": "a", "raw": True}, GENERATE)

    assert status == 400 and "prompt" in answer["error"]


@pytest.mark.parametrize(("path", "change", "expected"), [
    (CHAT, {"messages": []}, {"message": {"role": "assistant", "content": ""}, "done_reason": "load"}),
    (CHAT, {"messages": None, "prompt": "a prompt is not for a chat"}, {"message": {"role": "assistant", "content": ""}, "done_reason": "load"}),
    (CHAT, {"keep_alive": 0}, {"message": {"role": "assistant", "content": ""}, "done_reason": "unload"}),
    (GENERATE, {}, {"response": "", "done_reason": "load"}),
    (GENERATE, {"prompt": "", "keep_alive": "0"}, {"response": "", "done_reason": "unload"}),
])
def test_nothing_to_answer_asks_nobody(server, upstream, path, change, expected):
    before = len(upstream.of("normal:api-openai").calls)
    status, _, raw = server.post(path, {"model": "normal-openai", **change})
    answer = json.loads(raw)

    assert status == 200 and answer["done"] is True
    assert {key: answer[key] for key in expected} == expected
    assert len(upstream.of("normal:api-openai").calls) == before


# ---- errors ----

@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("behaviour", "status"), [("status-400", 400), ("status-401", 503), ("status-404", 404), ("status-429", 429), ("status-500", 503), ("error-first", 503)])
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_before_the_first_token_has_its_status(server, kind, behaviour, status, stream):
    got, headers, answer = whole(server, asking(f"{behaviour}-{kind}", stream=stream))

    assert got == status
    assert list(answer) == ["error"] and isinstance(answer["error"], str) and answer["error"]
    assert ("retry-after" in headers) == (status in (429, 503))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behaviour", ["cut", "short", "error", "malformed"])
@pytest.mark.parametrize("path", [CHAT, GENERATE])
def test_a_broken_answer_ends_with_an_error_line_and_a_cut(server, kind, behaviour, path):
    body = {"prompt": "a", **asking(f"{behaviour}-{kind}")}
    lines = Lines(server, body, path).read()

    assert lines.response.status == 200 and lines.cut
    assert list(lines.lines[-1]) == ["error"] and lines.lines[-1]["error"]
    assert len(lines.lines) == 3 and not any(line.get("done") for line in lines.lines)
    status, _, answer = whole(server, body, path)
    assert status == 503 and list(answer) == ["error"]


def test_a_call_whose_arguments_are_no_json_breaks_the_answer(start, upstream):
    name = fresh("normal")
    upstream.script(name, ("look", "not an object"))
    server = start(config=SERVER + upstream.model_table(name))
    lines = Lines(server, asking(name)).read()

    assert lines.cut and "look" in lines.lines[-1]["error"]
    assert whole(server, asking(name))[0] == 503


@pytest.mark.parametrize(("path", "body", "field"), [
    (CHAT, {"messages": [{"role": "wizard", "content": "a"}]}, "messages[0].role"),
    (CHAT, {"messages": [{"role": "user", "content": ["a"]}]}, "messages[0].content"),
    (CHAT, {"messages": [{"role": "user", "content": "a", "images": ["?"]}]}, "messages[0].images[0]"),
    (CHAT, {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": "{}"}}]}]}, "messages[0].tool_calls[0].function.arguments"),
    (CHAT, asking("normal-openai", format="yaml"), "format"),
    (CHAT, asking("normal-openai", think="very"), "think"),
    (CHAT, asking("normal-openai", options={"temperature": "hot"}), "options.temperature"),
    (CHAT, asking("normal-openai", tools=[{"type": "function"}]), "tools[0].function"),
    (CHAT, asking("normal-openai", stream="yes"), "stream"),
    (CHAT, asking("normal-openai", retrieval={"enabled": "yes"}), "retrieval.enabled"),
    (GENERATE, {"prompt": 1}, "prompt"),
    (GENERATE, {"prompt": "a", "template": "{{ .Prompt }}"}, "template"),
    (GENERATE, {"prompt": "a", "context": [1]}, "context"),
    (GENERATE, {"prompt": "a", "raw": True, "system": "b"}, "system"),
    ("/api/embed", {}, "input"),
    ("/api/embed", {"input": [1]}, "input[0]"),
    ("/api/embeddings", {}, "prompt"),
    ("/api/show", {"model": 1}, "model"),
    ("/api/pull", {"model": 1}, "model"),
])
def test_wrong_fields_are_named(server, path, body, field):
    status, _, answer = whole(server, {"model": "normal-openai", **body}, path)

    assert status == 400 and list(answer) == ["error"]
    assert field in answer["error"]


def test_a_prompt_over_the_context_is_refused(server):
    status, _, answer = whole(server, asking("normal-openai", "word " * 40_000))

    assert status == 400 and "tokens" in answer["error"]


@pytest.mark.parametrize("path", [CHAT, GENERATE, "/api/embed", "/api/embeddings", "/api/show", "/api/pull"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_bad_bodies_are_refused_in_the_same_shape(server, path, body):
    status, _, raw = server.post(path, body, headers={"content-type": "application/json"})

    assert status == 400 and list(json.loads(raw)) == ["error"]


@pytest.mark.parametrize("path", [CHAT, GENERATE, "/api/embed", "/api/embeddings", "/api/show"])
def test_a_model_that_is_not_there(server, path):
    status, _, answer = whole(server, {**asking("absent"), "prompt": "a", "input": "a"}, path)

    assert status == 404 and "'absent'" in answer["error"]


@pytest.mark.parametrize(("method", "path"), [("POST", CHAT), ("GET", "/api/tags"), ("GET", "/api/ps"), ("POST", "/api/show"), ("POST", "/api/pull"), ("POST", "/api/embed")])
def test_a_token_is_needed(server, method, path):
    status, _, raw = server.request(method, path, {"model": "normal-openai"} if method == "POST" else None, token="wrong")

    assert status == 401 and list(json.loads(raw)) == ["error"]


# ---- models ----

def test_tags(server):
    models = {entry["name"]: entry for entry in server.get_json("/api/tags")["models"]}

    entry = models["normal-openai"]
    assert entry["model"] == "normal-openai" and entry["details"]["family"] == "openai"
    assert len(entry["digest"]) == 64 and entry["digest"] != models["normal-ollama"]["digest"]
    assert datetime.datetime.fromisoformat(entry["modified_at"]).year >= 2025
    assert set(models) == {entry["id"] for entry in server.get_json("/v1/models")["data"]}


def test_running_models(server):
    models = server.get_json("/api/ps")["models"]

    assert "normal-openai" in [entry["name"] for entry in models]
    assert all(datetime.datetime.fromisoformat(entry["expires_at"]).year > 2100 for entry in models)


@pytest.mark.parametrize("key", ["model", "name"])
def test_what_the_table_says_of_a_model(server, key):
    shown = answered(server, {key: "normal-openai"}, "/api/show")

    assert shown["capabilities"] == ["completion", "tools"]
    assert shown["model_info"] == {"general.architecture": "openai", "openai.context_length": 8192}
    assert shown["details"]["family"] == "openai"


def test_what_an_ollama_says_of_its_model_is_handed_on(server):
    shown = answered(server, {"model": "normal-ollama"}, "/api/show")

    assert shown["capabilities"] == ["completion", "tools", "thinking", "vision"]
    assert shown["details"]["parameter_size"] == "1.2B"
    assert shown["model_info"]["general.parameter_count"] == 1_235_814_432
    assert shown["model_info"]["llama.context_length"] == 8192 != CONTEXT, "what is longer is refused here"


def test_a_model_whose_backend_is_away_is_shown_all_the_same(start):
    config = SERVER + '[[models]]\nname = "away"\nbackend = "ollama"\nurl = "http://127.0.0.1:9"\n'
    shown = answered(start(config=config), {"model": "away"}, "/api/show")

    assert shown["details"]["family"] == "ollama"


@pytest.mark.parametrize("name", ["tagged", "tagged:latest", "normal-openai", "normal-openai:latest"])
def test_a_tag_that_goes_without_saying(server, name):
    assert answered(server, asking(name))["model"] in ("tagged:latest", "normal-openai")
    assert answered(server, {"model": name}, "/api/show")["capabilities"]
    assert whole(server, asking("normal-openai:7b"))[0] == 404


@pytest.mark.parametrize("name", ["normal-openai", "tagged"])
def test_a_pull_of_what_is_there_succeeds_at_once(server, name):
    status, headers, raw = server.post("/api/pull", {"model": name})
    assert (status, headers["content-type"], raw) == (200, "application/x-ndjson", b'{"status":"success"}\n')
    assert whole(server, {"name": name}, "/api/pull")[2] == {"status": "success"}


def test_a_pull_of_what_is_not_there_fails_and_fetches_nothing(server):
    status, _, raw = server.post("/api/pull", {"model": "absent", "stream": True})
    [line] = [json.loads(line) for line in raw.splitlines()]
    assert status == 200 and "'absent' does not exist" in line["error"], "as Ollama: clients show the line"
    status, _, answer = whole(server, {"model": "absent"}, "/api/pull")
    assert status == 404 and "'absent' does not exist" in answer["error"]


def test_whoever_looks_whether_an_ollama_is_there_needs_no_credential(server):
    status, _, body = server.get("/", token=False)
    assert status == 200 and b"Ollama is running" in body and b"Promethean" in body
    assert server.request("HEAD", "/", token=False)[::2] == (200, b"")
    version = json.loads(server.get("/api/version", token=False)[2])["version"]
    assert [int(part) for part in version.split(".")] >= [0, 13, 4], "from there on Codex speaks to /v1/responses"
    assert server.request("HEAD", "/api/tags")[::2] == (200, b"")


# ---- embeddings ----

@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_embeddings(server, kind):
    model = f"normal-{kind}"
    several = answered(server, {"model": model, "input": ["one", "two"]}, "/api/embed")
    assert several["embeddings"] == [pytest.approx(vector("one"), abs=1e-6), pytest.approx(vector("two"), abs=1e-6)]
    assert several["model"] == model and several["prompt_eval_count"] > 0 and several["total_duration"] > 0
    assert answered(server, {"model": model, "input": "one"}, "/api/embed")["embeddings"] == several["embeddings"][:1]
    assert answered(server, {"model": model, "input": []}, "/api/embed")["embeddings"] == []
    assert answered(server, {"model": model, "prompt": "one"}, "/api/embeddings")["embedding"] == several["embeddings"][0]
    assert answered(server, {"model": model, "prompt": ""}, "/api/embeddings")["embedding"] == []


def test_a_backend_without_embeddings(server):
    for path, body in [("/api/embed", {"input": "a"}), ("/api/embeddings", {"prompt": "a"})]:
        status, _, answer = whole(server, {"model": "normal-anthropic", **body}, path)
        assert status == 400 and "not supported" in answer["error"]


# ---- retrieval ----

@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", [CHAT, GENERATE])
def test_a_persons_question_is_answered_with_citations(server, kind, path):
    body = {"prompt": QUESTION, **asking(f"cited-{kind}", QUESTION)}
    *_, last = lines = streamed(server, body, path)
    text = "".join(line["message"]["content"] if path == CHAT else line["response"] for line in lines)

    paths = [place["path"] for place in last["retrieval_context"]["citations"]]
    assert any("gitignore" in path for path in paths)
    assert paths[0] in text, "the echo shows what reached the model"
    assert answered(server, body, path)["retrieval_context"]["citations"]


# Not asked before: the excerpts of an earlier question would be put back.
OUTCOME = [{"role": "user", "content": "Where are patterns negated?"}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "look", "arguments": {}}}]},
           {"role": "tool", "tool_name": "look", "content": QUESTION}]


@pytest.mark.parametrize(("path", "change", "headers"), [
    (CHAT, {"retrieval": PLAIN}, {}),
    (CHAT, {}, {"x-promethean-retrieval": "off"}),
    (CHAT, {"messages": OUTCOME}, {}),
    (GENERATE, {"retrieval": PLAIN}, {}),
    (GENERATE, {"raw": True}, {}),
    (GENERATE, {"suffix": "b"}, {}),
])
def test_without_a_persons_question_nothing_is_added(server, upstream, path, change, headers):
    answer = answered(server, {"prompt": QUESTION, **asking("cited-openai", QUESTION), **change}, path, headers=headers)

    assert "retrieval_context" not in answer
    assert "Excerpts from the repository" not in json.dumps(upstream.of("echo:api-cited-openai").requests[-1])


@pytest.mark.model
def test_the_real_model_answers_with_citations(real):
    last = put_together(streamed(real, asking("smollm2", QUESTION)))

    paths = [place["path"] for place in last["retrieval_context"]["citations"]]
    assert any("gitignore" in path for path in paths)
    assert any(path in last["message"]["content"] for path in paths)
    assert last["eval_count"] > 0 and last["done_reason"] == "stop"


@pytest.mark.model
def test_the_real_model_answers_plainly_and_completes(real):
    plain = answered(real, asking("smollm2:latest", "Say hello.", retrieval=PLAIN, options={"num_predict": 8, "temperature": 0}))
    assert plain["message"]["content"] and plain["eval_count"] <= 8
    raw = answered(real, {"model": "smollm2", "prompt": "One, two,", "raw": True, "options": {"num_predict": 4}}, GENERATE)
    assert raw["response"] and raw["done_reason"] == "length"
    assert "smollm2" in [entry["name"] for entry in real.get_json("/api/ps")["models"]], "it has been loaded"
