"""Servers whose models are the scripted upstream's, for each kind of backend."""
import itertools
import json

from support.server import wait_for

KINDS = ["openai", "ollama", "anthropic"]
CHAT = "/v1/chat/completions"
# No limit on the rate: the tests come faster than any person.
SERVER = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n"

_numbers = itertools.count(1)


def fresh(behaviour):
    """A name with this behaviour whose counts start at nothing, in a session that shares one upstream."""
    return f"{behaviour}:{next(_numbers)}"


def gone(name, **more):
    """A [[models]] entry whose backend is not there."""
    lines = ["[[models]]", f'name = "{name}"', 'backend = "openai"', 'url = "http://127.0.0.1:9"', "retrieval = false", "retries = 0"]
    return "\n".join(lines + [f"{key} = {json.dumps(value)}" for key, value in more.items()]) + "\n"


def chat(server, body, **options):
    """A whole answer: (status, headers, parsed body)."""
    status, headers, raw = server.post(CHAT, body, **options)
    return status, headers, json.loads(raw)


def new_token(server, name):
    """A token of its own, that is: another caller."""
    token = json.loads(server.run("token", "create", "--scope", "read,write", "--name", name, "--json").stdout)["token"]
    wait_for(lambda: server.get("/v1/models", token=token)[0] == 200, 10, f"the token {name} to work")
    return token


def assert_error(answer):
    """The four keys that every client library reads."""
    error = answer["error"]
    assert set(error) == {"message", "type", "param", "code"}, error
    assert error["message"] and error["type"]
    return error
