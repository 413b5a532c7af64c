"""Our definitions beside those of universal-ctags, on real packages: at least 0.97 of its functions, classes and methods."""
import collections
import json
import pathlib
import shutil
import subprocess
import urllib.parse

import pytest
from support.server import FIXTURES, Promethean

LEAST = 0.97
MODULES = FIXTURES.parent / "node_modules"
GO = pathlib.Path("/usr/share/gocode/src/golang.org/x/net")

# language -> folders, endings, what ctags calls it and the kinds that count
SETS = {
    "c": ([FIXTURES / "uvloop/vendor/libuv/src", FIXTURES / "uvloop/vendor/libuv/test"], (".c",), "C", "function struct union enum"),
    "cpp": ([FIXTURES / "re2/vendor"], (".cc", ".cpp", ".h"), "C++", "function class struct union enum"),
    "go": ([GO], (".go",), "Go", "func struct interface"),
    "python": ([FIXTURES / "pytest"], (".py",), "Python", "function class member"),
    "typescript": ([FIXTURES / "rxjs/src", MODULES / "openai/src", MODULES / "zod"], (".ts",), "TypeScript", "function class interface method enum"),
    "java": ([FIXTURES / "cordova-android", FIXTURES / "capacitor-android"], (".java",), "Java", "class interface enum method"),
    "rust": ([FIXTURES / "pydantic-core/src"], (".rs",), "Rust", "function method struct enum interface"),
}


def copy_sources(language, target):
    folders, endings, _, _ = SETS[language]
    for number, folder in enumerate(folders):
        assert folder.is_dir(), f"{folder} is not there: scripts/bootstrap test"
        for path in folder.rglob("*"):
            if path.suffix in endings and path.is_file() and not path.name.endswith(".d.ts"):
                copy = target / str(number) / path.relative_to(folder)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
    return target


def of_ctags(language, root):
    """(path, line, name) of what ctags finds; it makes names up for what has none."""
    _, _, name, kinds = SETS[language]
    command = ["ctags-universal", "--options=NONE", "--output-format=json", "--fields=+nK", f"--language-force={name}", "-R", "-f", "-", "."]
    lines = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    tags = [json.loads(line) for line in lines]
    return {(tag["path"].removeprefix("./"), tag["line"], tag["name"].replace(" ", "")) for tag in tags
            if tag["_type"] == "tag" and tag["kind"] in kinds.split() and not tag["name"].startswith("__anon")}


def flatten(entries):
    for entry in entries:
        yield entry
        yield from flatten(entry["children"])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("packages")
    for language in SETS:
        copy_sources(language, root / language)
    config = '[server]\nembedded_model = false\nrate_per_second = 1000000\nrate_burst = 1000000\n[[models]]\nname = "none"\nbackend = "openai"\nurl = "http://127.0.0.1:1"\n'
    with Promethean(tmp_path_factory.mktemp("ctags"), root, config) as running:
        yield running


def of_ours(server, path, tier):
    answer = server.get_json(f"/v1/symbols/outline?tier={tier}&path={urllib.parse.quote(path)}")
    assert not answer["truncated"]
    return {(entry["line"], entry["name"].replace(" ", "")) for entry in flatten(answer["outline"])}, answer["tier"]


@pytest.mark.parametrize("tier", ["scan", "best"])
@pytest.mark.parametrize("language", SETS)
def test_share_of_what_ctags_finds(server, language, tier):
    theirs = of_ctags(language, pathlib.Path(server.root) / language)
    by_file = collections.defaultdict(set)
    for path, line, name in theirs:
        by_file[path].add((line, name))
    missing, tiers = [], collections.Counter()
    for path, wanted in by_file.items():
        ours, used = of_ours(server, f"{language}/{path}", tier)
        tiers[used] += 1
        missing += [(path, *place) for place in wanted - ours]
    share = 1 - len(missing) / len(theirs)
    print(f"{language}, {tier}: {share:.4f} of {len(theirs):,} definitions in {len(by_file)} files ({dict(tiers)})")

    assert len(theirs) > 800
    assert share >= LEAST, sorted(missing)[:20]
