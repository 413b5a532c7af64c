"""What the objects and events of the Responses API must have, by the Open Responses specification (openresponses.org) and
OpenAI's reference: every required member with its type, and the order in which events may come."""
import json
from numbers import Number


def integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def number(value):
    return isinstance(value, Number) and not isinstance(value, bool)


def text(value):
    return isinstance(value, str)


def boolean(value):
    return isinstance(value, bool)


def nullable(check):
    return lambda value: value is None or check(value)


def one_of(*values):
    return lambda value: value in values


def each(check):
    return lambda value: isinstance(value, list) and all(fits(check, item) for item in value)


def fits(check, value):
    return check(value) is not False


def shaped(required, optional=None):
    def check(value):
        assert isinstance(value, dict), value
        for name, member in required.items():
            assert name in value, f"'{name}' is missing in {json.dumps(value)[:300]}"
            assert fits(member, value[name]), f"'{name}' is {value[name]!r} in {json.dumps(value)[:300]}"
        for name, member in (optional or {}).items():
            assert name not in value or fits(member, value[name]), f"'{name}' is {value[name]!r}"
    return check


def by_type(kinds):
    def check(value):
        assert value.get("type") in kinds, f"unknown type in {json.dumps(value)[:300]}"
        kinds[value["type"]](value)
    return check


LOGPROB = shaped({"token": text, "logprob": number, "bytes": each(integer),
                  "top_logprobs": each(shaped({"token": text, "logprob": number, "bytes": each(integer)}))})
STATUS = one_of("in_progress", "completed", "incomplete")
PART = by_type({
    "output_text": shaped({"text": text, "annotations": each(shaped({"type": text})), "logprobs": each(LOGPROB)}),
    "refusal": shaped({"refusal": text}),
    "summary_text": shaped({"text": text}),
    "reasoning_text": shaped({"text": text}),
})
ITEM = by_type({
    "message": shaped({"id": text, "status": STATUS, "role": one_of("assistant"), "content": each(PART)},
                      {"phase": one_of("commentary", "final_answer")}),
    "function_call": shaped({"id": text, "call_id": text, "name": text, "arguments": text, "status": STATUS}),
    "custom_tool_call": shaped({"id": text, "call_id": text, "name": text, "input": text}),
    "reasoning": shaped({"id": text, "summary": each(PART)}, {"content": each(PART), "encrypted_content": nullable(text)}),
    "compaction": shaped({"id": text, "encrypted_content": text}),
})
USAGE = shaped({"input_tokens": integer, "output_tokens": integer, "total_tokens": integer,
                "input_tokens_details": shaped({"cached_tokens": integer}), "output_tokens_details": shaped({"reasoning_tokens": integer})})
TOOL = by_type({"function": shaped({"name": text, "description": nullable(text), "parameters": nullable(lambda value: isinstance(value, dict)),
                                    "strict": nullable(boolean)})})
FORMAT = by_type({"text": shaped({}), "json_object": shaped({}),
                  "json_schema": shaped({"name": text, "description": nullable(text), "schema": lambda value: isinstance(value, dict), "strict": boolean})})
RESPONSE = shaped({
    "id": text, "object": one_of("response"), "created_at": integer, "completed_at": nullable(integer),
    "status": one_of("completed", "failed", "in_progress", "cancelled", "queued", "incomplete"),
    "incomplete_details": nullable(shaped({"reason": text})), "model": text, "previous_response_id": nullable(text),
    "instructions": nullable(text), "output": each(ITEM), "error": nullable(shaped({"code": text, "message": text})), "tools": each(TOOL),
    "tool_choice": lambda value: value in ("none", "auto", "required") or isinstance(value, dict), "truncation": one_of("auto", "disabled"),
    "parallel_tool_calls": boolean, "text": shaped({"format": FORMAT}), "top_p": number, "presence_penalty": number,
    "frequency_penalty": number, "top_logprobs": integer, "temperature": number,
    "reasoning": nullable(shaped({"effort": nullable(text), "summary": nullable(text)})), "usage": nullable(USAGE),
    "max_output_tokens": nullable(integer), "max_tool_calls": nullable(integer), "store": boolean, "background": boolean,
    "service_tier": text, "metadata": lambda value: isinstance(value, dict), "safety_identifier": nullable(text),
    "prompt_cache_key": nullable(text),
})
COMPACTED = shaped({"id": text, "object": one_of("response.compaction"), "output": each(shaped({"type": text})),
                    "created_at": integer, "usage": USAGE})

_WHOLE = {"response": RESPONSE}
_OF_ITEM = {"output_index": integer, "item": ITEM}
_OF_PART = {"item_id": text, "output_index": integer, "content_index": integer}
_OF_SUMMARY = {"item_id": text, "output_index": integer, "summary_index": integer}
EVENTS = {
    "response.created": _WHOLE, "response.queued": _WHOLE, "response.in_progress": _WHOLE, "response.completed": _WHOLE,
    "response.failed": _WHOLE, "response.incomplete": _WHOLE,
    "response.output_item.added": _OF_ITEM, "response.output_item.done": _OF_ITEM,
    "response.content_part.added": {**_OF_PART, "part": PART}, "response.content_part.done": {**_OF_PART, "part": PART},
    "response.output_text.delta": {**_OF_PART, "delta": text, "logprobs": each(LOGPROB)},
    "response.output_text.done": {**_OF_PART, "text": text, "logprobs": each(LOGPROB)},
    "response.refusal.delta": {**_OF_PART, "delta": text}, "response.refusal.done": {**_OF_PART, "refusal": text},
    "response.function_call_arguments.delta": {"item_id": text, "output_index": integer, "delta": text},
    "response.function_call_arguments.done": {"item_id": text, "output_index": integer, "arguments": text, "name": text},
    "response.custom_tool_call_input.delta": {"item_id": text, "output_index": integer, "delta": text},
    "response.custom_tool_call_input.done": {"item_id": text, "output_index": integer, "input": text},
    "response.reasoning_text.delta": {**_OF_PART, "delta": text}, "response.reasoning_text.done": {**_OF_PART, "text": text},
    "response.reasoning_summary_part.added": {**_OF_SUMMARY, "part": PART}, "response.reasoning_summary_part.done": {**_OF_SUMMARY, "part": PART},
    "response.reasoning_summary_text.delta": {**_OF_SUMMARY, "delta": text}, "response.reasoning_summary_text.done": {**_OF_SUMMARY, "text": text},
}


def events_of(raw):
    """The events of a stream's bytes, each in its documented shape, numbered, and under its own name."""
    events = []
    for block in raw.decode().strip().split("\n\n"):
        lines = block.split("\n")
        assert lines[0].startswith("event: ") and lines[1].startswith("data: ") and len(lines) == 2, block
        event = json.loads(lines[1].removeprefix("data: "))
        assert lines[0] == f"event: {event['type']}"
        assert event["type"] in EVENTS, event["type"]
        shaped({**EVENTS[event["type"]], "sequence_number": integer})(event)
        events.append(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


def assert_in_order(events):
    """created, in_progress, items that begin one after the other and end, one end; what is done has what its deltas had."""
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert kinds[:2] == ["created", "in_progress"]
    assert kinds[-1] in ("completed", "incomplete", "failed") and not {"completed", "incomplete", "failed"} & set(kinds[:-1])
    opened, done = {}, {}
    for event, kind in zip(events[2:-1], kinds[2:-1]):
        if kind == "in_progress":  # while the model takes its time
            continue
        index = event["output_index"]
        if kind == "output_item.added":
            assert index == len(opened) + len(done), event
            assert event["item"].get("status", "in_progress") == "in_progress"
            opened[index] = {"item": event["item"], "part": None, "said": ""}
            continue
        here = opened[index]
        if kind == "output_item.done":
            assert here["part"] is None and (event["item"]["id"], event["item"]["type"]) == (here["item"]["id"], here["item"]["type"])
            done[index] = event["item"]
            del opened[index]
            continue
        assert event["item_id"] == here["item"]["id"], event
        if kind.endswith("part.added"):
            assert here["part"] is None
            here.update(part=event["part"], said="")
        elif kind.endswith("part.done"):
            assert event["part"]["type"] == here["part"]["type"]
            assert event["part"].get("text", event["part"].get("refusal")) == here["said"]
            here.update(part=None, said="")
        elif kind.endswith(".delta"):
            here["said"] += event["delta"]
        else:
            assert next(event[key] for key in ("text", "arguments", "input", "refusal") if key in event) == here["said"], event
    assert not opened
    output = [done[index] for index in sorted(done)]
    assert events[-1]["response"]["output"] == output
    return output
