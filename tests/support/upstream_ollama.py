"""The scripted upstream in Ollama's dialect: /api/chat and /api/generate as NDJSON or whole, and what a client asks about a model."""
import datetime
import json
import time

from support.upstream_script import COMPLETION_TOKENS, PROMPT_TOKENS, vector

DETAILS = {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"], "parameter_size": "1.2B", "quantization_level": "Q4_K_M"}
REASONS = {"stop": "stop", "length": "length", "tools": "stop"}  # no reason of its own for calls
CONTEXT = 32768


def now():
    """With nanoseconds, as Go writes it."""
    nanoseconds = time.time_ns()
    seconds = datetime.datetime.fromtimestamp(nanoseconds // 10**9, datetime.UTC)
    return f"{seconds:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9:09}Z"


def listing(path, headers):
    if path.endswith("/version"):
        return {"version": "0.13.1"}
    entry = {"name": "normal:latest", "model": "normal:latest", "modified_at": now(), "size": 1_321_098_329, "digest": "ab" * 32, "details": DETAILS}
    return {"models": [entry]}


def show(request):
    return {"modelfile": "FROM /blobs/sha256-abab", "parameters": "stop \"<|eot|>\"", "template": "{{ .Prompt }}", "details": DETAILS,
            "model_info": {"general.architecture": "llama", "general.parameter_count": 1_235_814_432, "llama.context_length": CONTEXT,
                           "llama.embedding_length": 2048},
            "capabilities": ["completion", "tools", "thinking", "vision"], "modified_at": now()}


def embed(request):
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    return {"model": request["model"], "embeddings": [vector(text) for text in texts], "total_duration": 14143917,
            "load_duration": 1019500, "prompt_eval_count": 3 * len(texts)}


class Ollama:
    CHAT = "/api/chat"
    LISTS = ("/api/tags", "/api/version")
    SIDES = {"/api/show": show, "/api/embed": embed}
    STREAM_TYPE = "application/x-ndjson"
    listing = staticmethod(listing)

    def __init__(self, name, request):
        self.name, self.request = name, request
        self.streams = request.get("stream") is not False  # Ollama streams unless it is told not to

    @staticmethod
    def headers(limited):
        return {"x-ratelimit-remaining-requests": 0, "x-ratelimit-reset-requests": "2s"} if limited else {}

    @staticmethod
    def refusal(status):
        return {"error": f"upstream says {status}"}

    def _line(self, message, **more):
        line = {"model": self.name, "created_at": now(), "message": {"role": "assistant", "content": "", **message}, "done": False, **more}
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"

    @staticmethod
    def _last(reason):
        return {"done": True, "done_reason": REASONS[reason], "total_duration": 4883583458, "load_duration": 1334875,
                "prompt_eval_count": PROMPT_TOKENS, "prompt_eval_duration": 342546000, "eval_count": COMPLETION_TOKENS, "eval_duration": 535599000}

    # ---- whole ----

    def whole(self, said):
        message = {"role": "assistant", "content": "".join(said.words)}
        if said.thoughts:
            message["thinking"] = "".join(said.thoughts)
        if said.calls:
            message["tool_calls"] = [{"function": {"name": name, "arguments": arguments}} for name, arguments in said.calls]
        return {"model": self.name, "created_at": now(), "message": message, **self._last(said.reason)}

    # ---- streamed ----

    @staticmethod
    def opening():
        return ""

    def word(self, text):
        return self._line({"content": text})

    def thought(self, text):
        return self._line({"thinking": text})

    def call(self, number, name, arguments):
        """Whole, a line for each call, without an id or an index."""
        yield self._line({"tool_calls": [{"function": {"name": name, "arguments": arguments}}]})

    def ending(self, reason):
        return self._line({}, **self._last(reason))

    @staticmethod
    def error():
        return '{"error":"the upstream broke"}\n'

    @staticmethod
    def half_event():
        return '{"model":"x","message":{"role":"assist\n'


class OllamaText(Ollama):
    """/api/generate: the text is in `response`."""

    CHAT = "/api/generate"
    LISTS, SIDES = (), {}

    def _line(self, message, **more):
        line = {"model": self.name, "created_at": now(), "response": message.get("content", ""), "done": False, **more}
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"

    def whole(self, said):
        return {"model": self.name, "created_at": now(), "response": "".join(said.words), **self._last(said.reason)}
