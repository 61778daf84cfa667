"""What the documents name exists: files, tests, modules, targets of make and verbs of the command."""

import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

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


def unknown(names: Callable[[Path], set[str]]) -> dict[str, set[str]]:
    """What no document may name, by document."""
    found = {str(document.relative_to(PROJECT)): names(document) for document in DOCUMENTS}
    return {document: wrong for document, wrong in found.items() if wrong}


def test_every_test_that_is_named_exists() -> None:
    def names(document: Path) -> set[str]:
        return {word for word in words(document) if TEST.fullmatch(word)} - known_tests()

    assert unknown(names) == {}


def test_every_file_that_is_named_exists() -> None:
    def names(document: Path) -> set[str]:
        named = {word.strip("'\"") for word in words(document) if not word.startswith(("test_", "-"))}
        below = {word for word in named if word.split("/")[0] in OWN and "/" in word and "…" not in word}
        alone = {word for word in named if FILE.fullmatch(word)}
        return {word for word in below if not (PROJECT / word).exists()} | (alone - known_files() - OF_THE_READER)

    assert unknown(names) == {}


def test_every_module_that_is_run_exists() -> None:
    def names(document: Path) -> set[str]:
        run = {name for text in code(document) for name in re.findall(r"python -m ([\w.]+)", text)}
        return {name for name in run if not list(PROJECT.glob(f"{name.replace('.', '/')}*"))}

    assert unknown(names) == {}


def test_every_target_of_make_that_is_named_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))

    def names(document: Path) -> set[str]:
        commands = (text.split("#")[0] for text in code(document))
        asked = {word for text in commands if text.startswith("make ") for word in shlex.split(text)[1:]}
        return {word for word in asked if "=" not in word} - targets

    assert unknown(names) == {}


def test_every_command_that_is_named_is_one() -> None:
    known = set(command_parsers())
    parents = {words.split()[0] for words in known if " " in words}

    def names(document: Path) -> set[str]:
        found = [of for text in code(document) for of in re.findall(r"\bslipway ([a-z][\w-]*)(?: ([a-z]\w*))?", text)]
        wrong = {command for command, _ in found} - known
        return wrong | {f"{one} {action}" for one, action in found if action and one in parents} - known

    assert unknown(names) == {}


def test_every_line_to_copy_is_a_command_as_it_stands() -> None:
    parser = whole_parser()
    for document in DOCUMENTS:
        for block in document.read_text(encoding="utf-8").split("```")[1::2]:
            for line in block.splitlines():
                if re.match(r"\s*(\.venv/bin/)?slipway ", line) and "─" not in line:  # of a drawing
                    parser.parse_args(shlex.split(line, comments=True)[1:])
