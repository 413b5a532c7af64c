"""Spectral and Prism (tests/node/package.json) over the description of a running server."""
import http.client
import json
import subprocess

from support.server import ROOT, wait_for

MODULES = ROOT / "build/assets/api-checkers/node_modules"
METHODS = ("get", "put", "post", "patch", "delete")


def operations(document):
    """(method, path, operation) of each; the method as HTTP writes it."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def lint(file, rules):
    """What Spectral has to say about a document: [(code, path, message)]."""
    command = ["node", MODULES / "@stoplight/spectral-cli/dist/index.js", "lint", file, "--ruleset", ROOT / "tests/node" / rules,
               "--format", "json", "--quiet", "--fail-severity", "hint"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    found = json.loads(ran.stdout[ran.stdout.index("["):] or "[]")
    return [(entry["code"], "/".join(map(str, entry["path"])), entry["message"]) for entry in found]


class Prism:
    """A proxy in front of `server` that answers 500 with what is wrong when an answer, or a request, is not as `file` says."""

    def __init__(self, server, file, requests=True):
        self.server, self.file, self.requests = server, file, requests
        self.address = None

    def __enter__(self):
        self.log = open(f"{self.file}.{'strict' if self.requests else 'answers'}.log", "w+")
        command = ["node", MODULES / "@stoplight/prism-cli/dist/index.js", "proxy", self.file, self.server.url, "--errors", "--port",
                   "0", "--host", "127.0.0.1", "--validate-request", str(self.requests).lower()]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

        def listening():
            assert self.process.poll() is None, self.text()
            _, found, rest = self.text().partition("Prism is listening on http://")
            return rest.split()[0] if found and rest.split() else None

        self.address = wait_for(listening, 60, "Prism")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def text(self):
        self.log.flush()
        with open(self.log.name) as file:
            return file.read()

    def request(self, method, path, body=None, token=True):
        """(status, body as text). The token is the server's first one, or the one that is given; False: none."""
        headers = {} if token is False else {"authorization": f"Bearer {self.server.token if token is True else token}"}
        if body is not None:
            headers["content-type"] = "application/json"
            body = json.dumps(body)
        host, _, port = self.address.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
