"""What the documents name exists: files, tests, modules, targets of make and verbs of the command."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from scripts.reference.command_line import command_parsers
from slipway.cli.command_line import whole_parser

PROJECT = Path(__file__).resolve().parents[2]
AT_THE_TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
DOCUMENTS = [*(PROJECT / name for name in AT_THE_TOP), *sorted((PROJECT / "docs").rglob("*.md"))]
OWN = (
    ".ci",
    ".github",
    "benchmarks",
    "slipway",
    "config",
    "docs",
    "examples",
    "infra",
    "pipeline_steps",
    "rehearsal",
    "scripts",
    "tests",
)
TEST = re.compile(r"test_\w+\.py|test(_\w+){3,}")
OF_THE_READER = {"churn.csv", "churn.toml"}
FILE = re.compile(r"[\w.-]+\.(py|md|toml|lock|yml|txt)")
pytestmark = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))


def code(document: Path) -> Iterator[str]:
    """Give what stands between backticks, and each line of a block of code."""
    blocks = document.read_text(encoding="utf-8").split("```")
    for block in blocks[1::2]:
        yield from block.splitlines()[1:]
    for text in blocks[::2]:
        yield from re.findall(r"`([^`\n]+)`", text)


def words(document: Path) -> set[str]:
    return {word for text in code(document) for word in text.split("#")[0].split()}


@cache
def known_tests() -> frozenset[str]:
    """Every test and every file of tests, by name."""
    files = list((PROJECT / "tests").rglob("test_*.py"))
    texts = (file.read_text(encoding="utf-8") for file in files)
    found = {name for text in texts for name in re.findall(r"^\s*def (test_\w+)\(", text, re.MULTILINE)}
    return frozenset(found | {file.name for file in files})


@cache
def known_files() -> frozenset[str]:
    """The name of every file of the project's own."""
    found = {path.name for folder in OWN for path in (PROJECT / folder).rglob("*.*")}
    return frozenset(found | {path.name for path in PROJECT.iterdir()})


def test_every_test_that_is_named_exists(document: Path) -> None:
    named = {word for word in words(document) if TEST.fullmatch(word)}
    assert named - known_tests() == set()


def test_every_file_that_is_named_exists(document: Path) -> None:
    named = {word.strip("'\"") for word in words(document) if not word.startswith(("test_", "-"))}
    below = {word for word in named if word.split("/")[0] in OWN and "/" in word and "…" not in word}
    assert {word for word in below if not (PROJECT / word).exists()} == set()
    alone = {word for word in named if FILE.fullmatch(word)}
    assert alone - known_files() - OF_THE_READER == set()


def test_every_module_that_is_run_exists(document: Path) -> None:
    run = {name for text in code(document) for name in re.findall(r"python -m ([\w.]+)", text)}
    assert {name for name in run if not list(PROJECT.glob(f"{name.replace('.', '/')}*"))} == set()


def test_every_target_of_make_that_is_named_exists(document: Path) -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    asked = {
        word
        for text in code(document)
        if (command := text.split("#")[0]).startswith("make ")
        for word in shlex.split(command)[1:]
        if "=" not in word
    }
    assert asked - targets == set()


@cache
def commands() -> frozenset[str]:
    return frozenset(command_parsers())


slipway = cache(whole_parser)


def test_every_command_that_is_named_is_one(document: Path) -> None:
    parents = {words.split()[0] for words in commands() if " " in words}
    for text in code(document):
        for command, action in re.findall(r"\bslipway ([a-z][\w-]*)(?: ([a-z]\w*))?", text):
            assert command in commands(), text
            assert not action or command not in parents or f"{command} {action}" in commands(), text


def test_every_line_to_copy_is_a_command_as_it_stands(document: Path) -> None:
    for block in document.read_text(encoding="utf-8").split("```")[1::2]:
        for line in block.splitlines():
            if re.match(r"\s*(\.venv/bin/)?slipway ", line) and "─" not in line:  # of a drawing
                slipway().parse_args(shlex.split(line, comments=True)[1:])
