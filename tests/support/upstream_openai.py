"""The scripted upstream in OpenAI's dialect: chat completions and legacy completions as SSE or whole, embeddings, models."""
import base64
import json
import struct
import time

from support.upstream_script import CACHED_TOKENS, COMPLETION_TOKENS, PROMPT_TOKENS, REASONING_TOKENS, vector

REASONS = {"stop": "stop", "length": "length", "tools": "tool_calls"}


def models(path, headers):
    if "anthropic-version" in headers:  # the same path in Anthropic's API, in its form
        entry = {"type": "model", "id": "normal", "display_name": "Normal", "created_at": "2026-01-01T00:00:00Z"}
        return {"data": [entry], "has_more": False, "first_id": "normal", "last_id": "normal"}
    return {"object": "list", "data": [{"id": "normal", "object": "model", "created": 1, "owned_by": "script"}]}


def embeddings(request):
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    vectors = [vector(str(text)) for text in texts]
    if request.get("encoding_format") == "base64":
        vectors = [base64.b64encode(struct.pack(f"<{len(one)}f", *one)).decode() for one in vectors]
    data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(vectors)]
    return {"object": "list", "data": data, "model": request["model"], "usage": {"prompt_tokens": 3 * len(data), "total_tokens": 3 * len(data)}}


class OpenAi:
    CHAT = "/v1/chat/completions"
    LISTS = ("/v1/models",)
    SIDES = {"/v1/embeddings": embeddings}
    STREAM_TYPE = "text/event-stream"
    listing = staticmethod(models)

    def __init__(self, name, request):
        self.name, self.request = name, request
        self.streams = bool(request.get("stream"))
        self.reasoned = 0

    @staticmethod
    def headers(limited):
        if not limited:
            return {}
        return {"x-ratelimit-limit-requests": 60, "x-ratelimit-remaining-requests": 0, "x-ratelimit-reset-requests": "2s",
                "x-ratelimit-remaining-tokens": 0, "x-ratelimit-reset-tokens": "6m0s"}

    @staticmethod
    def refusal(status):
        return {"error": {"message": f"upstream says {status}", "type": "t", "param": None, "code": "c"}}

    def usage(self):
        return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS, "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
                "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
                "completion_tokens_details": {"reasoning_tokens": self.reasoned}}

    # ---- whole ----

    def whole(self, said):
        message = {"role": "assistant", "content": "".join(said.words) or None, "refusal": None}
        if said.thoughts:
            message["reasoning_content"] = "".join(said.thoughts)
            self.reasoned = REASONING_TOKENS
        if said.calls:
            message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": compact(arguments)}}
                                     for number, (name, arguments) in enumerate(said.calls, 1)]
        return {"id": "up-1", "object": "chat.completion", "created": int(time.time()), "model": self.name,
                "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": REASONS[said.reason]}],
                "usage": self.usage()}

    # ---- streamed ----

    def _event(self, choices, **more):
        event = {"id": "up-1", "object": "chat.completion.chunk", "created": 1, "model": self.name, "choices": choices, **more}
        return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"

    def _chunk(self, delta, reason=None):
        return self._event([{"index": 0, "delta": delta, "finish_reason": reason}])

    def opening(self):
        return self._chunk({"role": "assistant", "content": ""})

    def word(self, text):
        return self._chunk({"content": text})

    def thought(self, text):
        self.reasoned = REASONING_TOKENS
        return self._chunk({"reasoning_content": text})

    def call(self, number, name, arguments):
        text = compact(arguments)
        first = {"index": number, "id": f"call_{number + 1}", "type": "function", "function": {"name": name, "arguments": ""}}
        yield self._chunk({"tool_calls": [first]})
        for begin in range(0, len(text), 4):
            yield self._chunk({"tool_calls": [{"index": number, "function": {"arguments": text[begin:begin + 4]}}]})

    def ending(self, reason):
        last = self._chunk({}, REASONS[reason])
        if (self.request.get("stream_options") or {}).get("include_usage"):
            last += self._event([], usage=self.usage())
        return last + "data: [DONE]\n\n"

    @staticmethod
    def error():
        return 'data: {"error": {"message": "the upstream broke", "type": "server_error", "param": null, "code": "boom"}}\n\n'

    @staticmethod
    def half_event():
        return 'data: {"id": "up-1", "choices": [{"ind\n\n'


class OpenAiText(OpenAi):
    """Legacy completions of one prompt. `echo` completes it with itself, tokens as their numbers."""

    CHAT = "/v1/completions"
    LISTS, SIDES = (), {}

    def _choice(self, text, reason=None):
        logprobs = None
        if self.request.get("logprobs") is not None and text:
            logprobs = {"tokens": [text], "token_logprobs": [-0.5], "top_logprobs": [{text: -0.5}], "text_offset": [0]}
        return {"text": text, "index": 0, "logprobs": logprobs, "finish_reason": reason}

    def whole(self, said):
        return {"id": "up-1", "object": "text_completion", "created": int(time.time()), "model": self.name,
                "choices": [self._choice("".join(said.words), REASONS[said.reason])], "usage": self.usage()}

    def _event(self, choices, **more):
        event = {"id": "up-1", "object": "text_completion", "created": 1, "model": self.name, "choices": choices, **more}
        return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"

    def _chunk(self, delta, reason=None):
        return "".join(self._event([{**self._choice(delta.get("content", ""), reason), "index": index}])
                       for index in range(self.request.get("n") or 1))

    @staticmethod
    def opening():
        return ""


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
