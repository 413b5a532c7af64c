"""Many requests at once, without a figure that a slow machine could miss."""
import re
import shutil
import subprocess

import pytest


def test_ten_thousand_keep_alive_requests_without_an_error(scripted):
    if not shutil.which("wrk"):
        pytest.fail("wrk is not installed: scripts/bootstrap test")
    done = 0
    before = scripted.descriptors()
    while done < 10_000:
        ran = subprocess.run(["wrk", "-t2", "-c50", "-d2s", scripted.url + "/health"], capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr
        assert "Socket errors" not in ran.stdout and "Non-2xx" not in ran.stdout, ran.stdout
        done += int(re.search(r"(\d+) requests in", ran.stdout)[1])
    assert scripted.is_well()
    assert scripted.descriptors() <= before + 60


def test_metrics_are_prometheus_text_and_count(scripted):
    scripted.is_well()
    status, headers, body = scripted.get("/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain")
    text = body.decode()
    for line in text.splitlines():
        assert re.fullmatch(r"#.*|[a-zA-Z_:][\w:]*(\{[^}]*\})? [-+\d.eEInfNa]+", line), line
    for name in ("http_requests_total", "http_request_seconds_bucket", "streams", "bytes", "lag"):
        assert name in text, name

    before = scripted.metric("promethean_http_requests_total")
    for _ in range(10):
        scripted.is_well()
    assert scripted.metric("promethean_http_requests_total") >= before + 10
