"""What the scripted upstream says and does, whatever the dialect, and what it remembers of each name."""
import dataclasses
import time

WORDS = ["The ", "answer ", "is ", "forty", "-two."]
LETTERS = ["Grüße ", "aus ", "東京, ", "ça ", "va 🙂."]
THOUGHTS = ["Six times ", "seven."]
CALLS = [("look", {"at": 1}), ("list", {"of": "src/größe"})]
AGENTS_CALL = ("Bash", {"command": "cat secret.txt", "description": "Read the file"})
CUT = ("cut", "cut-first", "stall", "malformed", "short", "error")  # streams that break
PROMPT_TOKENS, CACHED_TOKENS, COMPLETION_TOKENS, REASONING_TOKENS = 11, 3, 5, 2
USUAL_RETRY_AFTER = {429: 7, 503: 7}


class Call:
    """One request. Times are time.monotonic(); `left` is None unless the client went before its answer was whole."""

    __slots__ = ("began", "body", "ended", "headers", "left")

    def __init__(self, body, headers):
        self.body, self.headers, self.began = body, headers, time.monotonic()
        self.left = self.ended = None

    @property
    def text(self):
        """The last user message, to tell the calls apart."""
        return last_user_text(self.body)


class Record:
    """All calls of one name, in the order of their coming."""

    def __init__(self):
        self.calls = []

    @property
    def requests(self):
        return [call.body for call in self.calls]

    @property
    def open(self):
        return sum(call.ended is None for call in self.calls)

    @property
    def left(self):
        return sum(call.left is not None for call in self.calls)

    @property
    def left_at(self):
        return [call.left for call in self.calls if call.left is not None]


@dataclasses.dataclass
class Fault:
    status: int
    retry_after: int | None


@dataclasses.dataclass
class Said:
    thoughts: list = dataclasses.field(default_factory=list)
    words: list = dataclasses.field(default_factory=list)
    calls: list = dataclasses.field(default_factory=list)  # (name, arguments)
    reason: str = "stop"  # stop, length, tools


def fault_of(behaviour, number):
    """The error answer that the behaviour gives to the request of this number (from 1), or None."""
    kind, *numbers = behaviour.split("-")
    if kind == "status":
        status, *after = map(int, numbers)
        return Fault(status, after[0] if after else USUAL_RETRY_AFTER.get(status))
    if kind == "flaky":
        times, status, after = [*map(int, numbers), *[503, None][len(numbers) - 1:]]
        return Fault(status, after) if number <= times else None
    return None


def said_by(behaviour, dialect):
    if dialect.turn is not None:
        return Said(words=[dialect.turn]) if isinstance(dialect.turn, str) else Said(calls=[dialect.turn], reason="tools")
    if behaviour == "echo":
        return Said(words=[last_user_text(dialect.request)])
    if behaviour == "normal-utf8":
        return Said(words=LETTERS)
    if behaviour == "tools":
        return Said(calls=CALLS[:1], reason="tools")
    if behaviour == "two-tools":
        return Said(calls=CALLS, reason="tools")
    if behaviour == "agent":
        seen = outcomes(dialect.request)
        return Said(words=["It says: ", seen[-1]]) if seen else Said(words=["I look. "], calls=[AGENTS_CALL], reason="tools")
    if behaviour == "reasoning":
        return Said(thoughts=THOUGHTS, words=WORDS)
    return Said(words=WORDS, reason="length" if behaviour == "long" else "stop")


def last_user_text(request):
    if "prompt" in request:
        prompt = request["prompt"]
        return prompt if isinstance(prompt, str) else " ".join(map(str, prompt))
    said = [message for message in request.get("messages", []) if message.get("role") == "user"]
    content = said[-1].get("content") if said else ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])


def outcomes(request):
    """The texts that tools gave back, in any dialect."""
    found = []
    for message in request.get("messages", []):
        blocks = message["content"] if isinstance(message.get("content"), list) else []
        results = [block for block in blocks if block.get("type") == "tool_result"]
        for result in [message] if message.get("role") == "tool" else results:
            content = result.get("content") or ""
            found.append(content if isinstance(content, str) else "".join(part.get("text", "") for part in content))
    return found


def vector(text):
    """A small embedding that depends on the text."""
    return [len(text) / 64, sum(text.encode()) % 997 / 997, 0.5, -0.25]
