"""Fixtures. The binary under test: PROMETHEAN_BINARY, else build/release/promethean."""
import itertools
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support.server import BINARY, FIXTURES, ROOT, Promethean  # noqa: E402
from support.upstream import Upstream  # noqa: E402


def pytest_sessionstart(session):
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"{BINARY} is not there: make build", returncode=1)


def fixture_repository(name, target):
    """A private copy of a fixture, so that a test may change it."""
    shutil.copytree(FIXTURES / name, target, ignore=shutil.ignore_patterns(".asset"))
    return target


@pytest.fixture(scope="session")
def pathspec_copy(tmp_path_factory):
    return fixture_repository("pathspec", tmp_path_factory.mktemp("repositories") / "pathspec")


@pytest.fixture
def repository(tmp_path):
    """A private copy of pathspec for a test that changes files."""
    return fixture_repository("pathspec", tmp_path / "pathspec")


@pytest.fixture(scope="session")
def upstream():
    with Upstream() as running:
        yield running


ALL_BEHAVIOURS = ["normal", "echo", "tools", "slow", "cut", "stall", "short", "malformed", "error", "hang", "html", "empty",
                  "status-400", "status-401", "status-404", "status-429", "status-500", "status-503"]


@pytest.fixture(scope="session")
def scripted(tmp_path_factory, pathspec_copy, upstream):
    """A server whose models are the scripted upstream's behaviours; `normal` is the default model."""
    home = tmp_path_factory.mktemp("scripted")
    # No limit on the rate: the tests of bad input come faster than any person.
    config = "[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n" + upstream.model_table(*ALL_BEHAVIOURS)
    with Promethean(home, pathspec_copy, config) as running:
        yield running


@pytest.fixture(scope="session")
def real(tmp_path_factory, pathspec_copy):
    """A server as it starts with no configuration at all: the embedded model, on pathspec's sources."""
    with Promethean(tmp_path_factory.mktemp("real"), pathspec_copy) as running:
        yield running


@pytest.fixture(scope="session")
def on_this_repository(tmp_path_factory):
    with Promethean(tmp_path_factory.mktemp("self"), ROOT) as running:
        yield running


@pytest.fixture
def start(tmp_path, pathspec_copy):
    """start(config=..., root=..., environment=...): a server of the test's own, stopped at its end."""
    running = []
    numbers = itertools.count()

    def run(root=None, **options):
        server = Promethean(tmp_path / f"server{next(numbers)}", root or pathspec_copy, **options)
        running.append(server)
        return server.start()

    yield run
    for server in running:
        server.__exit__(None)
