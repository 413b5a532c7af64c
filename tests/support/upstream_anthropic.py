"""The scripted upstream in Anthropic's dialect: /v1/messages as SSE or whole, and count_tokens."""
import datetime
import json

from support.upstream_script import CACHED_TOKENS, COMPLETION_TOKENS, PROMPT_TOKENS

REASONS = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use"}
ERRORS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
          413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}
SIGNATURE = "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"


def count_tokens(request):
    return {"input_tokens": PROMPT_TOKENS}


class Anthropic:
    CHAT = "/v1/messages"
    LISTS = ()  # its /v1/models shares a path with OpenAI's
    SIDES = {"/v1/messages/count_tokens": count_tokens}
    STREAM_TYPE = "text/event-stream; charset=utf-8"
    listing = None

    def __init__(self, name, request):
        self.name, self.request = name, request
        self.streams = bool(request.get("stream"))
        self.block = -1  # index of the block that is open
        self.kind = None

    @staticmethod
    def headers(limited):
        fields = {"request-id": "req_011CSHoEeqs5C35K2UUqR7Fy"}
        if limited:
            reset = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
            fields |= {"anthropic-ratelimit-requests-limit": 60, "anthropic-ratelimit-requests-remaining": 0,
                       "anthropic-ratelimit-requests-reset": f"{reset:%Y-%m-%dT%H:%M:%SZ}"}
        return fields

    @staticmethod
    def refusal(status):
        error = {"type": ERRORS.get(status, "api_error"), "message": f"upstream says {status}"}
        return {"type": "error", "error": error, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}

    @staticmethod
    def usage(completion):
        """`input_tokens` leaves out what was read from the cache or written to it."""
        return {"input_tokens": PROMPT_TOKENS - CACHED_TOKENS, "cache_creation_input_tokens": 0, "cache_read_input_tokens": CACHED_TOKENS,
                "output_tokens": completion, "service_tier": "standard"}

    def message(self, content, reason, completion):
        return {"id": "msg_013Zva2CMHLNnXjNJJKqJ2EF", "type": "message", "role": "assistant", "model": self.name, "content": content,
                "stop_reason": reason, "stop_sequence": None, "usage": self.usage(completion)}

    # ---- whole ----

    def whole(self, said):
        content = []
        if said.thoughts:
            content.append({"type": "thinking", "thinking": "".join(said.thoughts), "signature": SIGNATURE})
        if said.words:
            content.append({"type": "text", "text": "".join(said.words)})
        content += [{"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}
                    for number, (name, arguments) in enumerate(said.calls, 1)]
        return self.message(content, REASONS[said.reason], COMPLETION_TOKENS)

    # ---- streamed ----

    @staticmethod
    def _event(kind, **more):
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more}, ensure_ascii=False)}\n\n"

    def opening(self):
        return self._event("message_start", message=self.message([], None, 1))

    def _delta(self, kind, **more):
        return self._event("content_block_delta", index=self.block, delta={"type": kind, **more})

    def _close(self):
        if self.kind is None:
            return ""
        signed = self._delta("signature_delta", signature=SIGNATURE) if self.kind == "thinking" else ""
        self.kind = None
        return signed + self._event("content_block_stop", index=self.block)

    def _open(self, kind, **block):
        """Closes the block before it, if it is of another kind; a ping follows the start of the first block."""
        if self.kind == kind != "tool_use":
            return ""
        closed = self._close()
        self.block += 1
        self.kind = kind
        begun = closed + self._event("content_block_start", index=self.block, content_block={"type": kind, **block})
        return begun + self._event("ping") if self.block == 0 else begun

    def word(self, text):
        return self._open("text", text="") + self._delta("text_delta", text=text)

    def thought(self, text):
        return self._open("thinking", thinking="", signature="") + self._delta("thinking_delta", thinking=text)

    def call(self, number, name, arguments):
        text = json.dumps(arguments, ensure_ascii=False)
        yield self._open("tool_use", id=f"toolu_{number + 1}", name=name, input={}) + self._delta("input_json_delta", partial_json="")
        for begin in range(0, len(text), 4):
            yield self._delta("input_json_delta", partial_json=text[begin:begin + 4])

    def ending(self, reason):
        last = self._event("message_delta", delta={"stop_reason": REASONS[reason], "stop_sequence": None}, usage={"output_tokens": COMPLETION_TOKENS})
        return self._close() + last + self._event("message_stop")

    @classmethod
    def error(cls):
        return cls._event("error", error={"type": "overloaded_error", "message": "the upstream broke"})

    @staticmethod
    def half_event():
        return 'event: content_block_delta\ndata: {"type": "content_block_delta", "ind\n\n'
