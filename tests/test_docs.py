"""What README.md and docs/*.md show in ```sh blocks is typed as written, beside a server as `promethean serve` starts it.

Left out: `make`, `git clone` and `cd` lines (they are how one gets here), and blocks after a line `<!-- not run: WHY -->`.
The port 3210 of the text becomes the one that the server really got; a line that begins with `promethean` runs
build/release/promethean.
"""
import os
import re
import subprocess

import pytest
from support.server import BINARY, ROOT, Promethean, clean_environment

BLOCK = re.compile(r"(<!-- not run: [^>]+ -->\n+)?^```sh\n(.*?)^```$", re.M | re.S)
SKIPPED_LINE = re.compile(r"^(make\b|git clone\b|cd\b|sudo\b|#|$)")


def blocks():
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, (marked, text) in enumerate(BLOCK.findall(file.read_text() if file.exists() else ""), 1):
            lines = [line.removeprefix("$ ") for line in text.splitlines()]
            lines = [line for line in lines if not SKIPPED_LINE.match(line)]
            if lines and not marked:
                yield pytest.param("\n".join(lines), id=f"{file.relative_to(ROOT)}-{number}")


@pytest.fixture(scope="module")
def documented(tmp_path_factory):
    home = tmp_path_factory.mktemp("documented")
    with Promethean(home, ROOT, state=home / ".local/state/promethean") as server:
        yield server


def test_there_is_something_to_type():
    assert list(blocks())


@pytest.mark.model
@pytest.mark.parametrize("text", list(blocks()))
def test_typed_as_written(documented, text):
    text = text.replace("127.0.0.1:3210", documented.address).replace("localhost:3210", f"localhost:{documented.port}")
    environment = clean_environment(documented.home, PATH=f"{BINARY.parent}:{os.environ['PATH']}")
    ran = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, f"{text}\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
