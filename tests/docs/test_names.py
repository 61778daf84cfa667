"""What the documents name exists: files, tests, modules, targets of make and verbs of the command."""

import argparse
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from slipway.cli.command_line import whole_parser

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
OWN = (
    ".ci",
    ".github",
    "benchmarks",
    "slipway",
    "config",
    "docs",
    "infra",
    "pipeline_steps",
    "rehearsal",
    "scripts",
    "tests",
)
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
    named = {word for word in words(document) if word.startswith("test_")}
    assert named - known_tests() == set()


def test_every_file_that_is_named_exists(document: Path) -> None:
    named = {word.strip("'\"") for word in words(document) if not word.startswith(("test_", "-"))}
    below = {word for word in named if word.split("/")[0] in OWN and "/" in word and "…" not in word}
    assert {word for word in below if not (PROJECT / word).exists()} == set()
    alone = {word for word in named if FILE.fullmatch(word)}
    assert alone - known_files() == set()


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
        for word in command.split()[1:]
        if "=" not in word
    }
    assert asked - targets == set()


def verbs(commands: Mapping[str, argparse.ArgumentParser], prefix: str = "") -> Iterator[str]:
    for name, parser in commands.items():
        yield f"{prefix}{name}"
        for action in parser._actions:  # argparse tells it in no other way
            if isinstance(action, argparse._SubParsersAction):
                yield from verbs(action.choices, f"{name} ")


slipway = cache(whole_parser)


def known_verbs() -> set[str]:
    (commands,) = (action for action in slipway()._actions if isinstance(action, argparse._SubParsersAction))
    return set(verbs(commands.choices))


def test_every_verb_that_is_named_is_one(document: Path) -> None:
    known = known_verbs()
    parents = {verb.split()[0] for verb in known if " " in verb}
    for text in code(document):
        for verb, action in re.findall(r"\bslipway ([a-z][\w-]*)(?: ([a-z]\w*))?", text):
            assert verb in known, text
            assert not action or verb not in parents or f"{verb} {action}" in known, text


def test_every_line_to_copy_is_a_command_as_it_stands(document: Path) -> None:
    for block in document.read_text(encoding="utf-8").split("```")[1::2]:
        for line in block.splitlines():
            if line.startswith("slipway ") and "─" not in line:  # of a drawing
                slipway().parse_args(shlex.split(line, comments=True)[1:])
