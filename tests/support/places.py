"""Paths and places in answers, held against the files on disk."""
import pathlib
import re

# What looks like a path with a known ending, as a model or a citation writes it.
PATH = re.compile(
    r"(?<![\w/.:@-])((?:[\w.+-]+/)*[\w+-][\w.+-]*\.(?:py|js|mjs|cjs|ts|tsx|c|cc|cpp|h|hpp|rs|go|java|md|rst|txt|toml|json|ya?ml|cfg|ini|cmake|sh))"
    r"(?![\w/])"
)


def paths_in(text):
    return set(PATH.findall(text))


def assert_paths_exist(root, text):
    """Every path the text names is a file of the repository (a bare name: some file has it)."""
    root = pathlib.Path(root)
    names = None
    for path in paths_in(text):
        if (root / path).is_file():
            continue
        if names is None:
            names = {file.name for file in root.rglob("*") if "build" not in file.relative_to(root).parts[:1]}
        assert "/" not in path and path in names, f"the answer names {path}, which does not exist:\n{text}"


def lines_of(root, place):
    """The cited lines, as bytes with their newlines; fails when the file does not have them."""
    path = pathlib.Path(root) / place["path"]
    assert path.is_file(), f"{place['path']} is cited and does not exist"
    assert not pathlib.PurePosixPath(place["path"]).is_absolute() and ".." not in place["path"].split("/")
    lines = path.read_bytes().splitlines(keepends=True)
    assert 1 <= place["startLine"] <= place["endLine"] <= len(lines), place
    return b"".join(lines[place["startLine"] - 1:place["endLine"]])
