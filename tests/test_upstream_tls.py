"""Models behind https://: whom the server trusts, and what a person is told when it does not."""
import json
import ssl
import subprocess

import pytest
from support.server import run_command
from support.sse import ChatStream, user
from support.upstream import Upstream

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that no system trusts, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
                    "-out", folder / "certificate.pem"], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    with Upstream(tls=context) as running:
        yield running


def models(secure, *names, server=""):
    return f"[server]\nembedded_model = false\n{server}\n" + secure.model_table(*names)


@pytest.mark.parametrize("way", ["setting", "variable"])
def test_a_model_behind_https_answers(start, secure, certificate, way):
    path = str(certificate / "certificate.pem")
    if way == "setting":
        server = start(config=models(secure, "normal", "echo", server=f"upstream_ca_file = {json.dumps(path)}"))
    else:
        server = start(config=models(secure, "normal", "echo"), environment={"SSL_CERT_FILE": path})

    status, _, raw = server.post(CHAT, user("hello", model="normal"))
    assert status == 200, raw
    assert json.loads(raw)["choices"][0]["message"]["content"] == "The answer is forty-two."

    stream = ChatStream(server, user("hello over TLS " * 2000, model="echo")).read()
    assert stream.done and stream.text == "hello over TLS " * 2000


@pytest.mark.parametrize("stream", [False, True])
def test_an_untrusted_certificate_is_an_error_that_says_what_to_do(start, secure, stream):
    server = start(config=models(secure, "normal"))
    before = len(secure.requests)

    status, headers, raw = server.post(CHAT, user("hello", model="normal", stream=stream))
    assert status == 503, raw
    assert int(headers["retry-after"]) >= 1
    message = json.loads(raw)["error"]["message"]
    assert f"the certificate of 127.0.0.1:{secure.port} is not trusted: self-signed certificate" in message
    assert "upstream_ca_file" in message and "SSL_CERT_FILE" in message
    assert len(secure.requests) == before, "not a byte of the request goes to whom we do not trust"
    assert server.is_well()


def test_a_tls_stream_that_is_cut_is_an_error(start, secure, certificate):
    path = json.dumps(str(certificate / "certificate.pem"))
    server = start(config=models(secure, "cut", server=f"upstream_ca_file = {path}"))
    stream = ChatStream(server, user("hello", model="cut")).read()
    assert stream.text == "The answer "
    assert stream.error and not stream.done


def test_a_ca_file_that_is_not_there_is_refused_at_the_start(tmp_path, pathspec_copy):
    config = tmp_path / "promethean.toml"
    config.write_text('[server]\nupstream_ca_file = "/nonexistent/ca.pem"\n')
    done = run_command("serve", "--root", pathspec_copy, "--config", config, "--listen", "127.0.0.1:0", home=tmp_path)
    assert done.returncode == 2
    assert "/nonexistent/ca.pem cannot be used" in done.stderr and "upstream_ca_file" in done.stderr
