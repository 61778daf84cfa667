"""No test replaces a part of the code that it tests: the code has a parameter, or a port that the test implements."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parent
OURS = ("benchmarks", "infra", "pipeline_steps", "rehearsal", "scripts", "slipway")
REPLACING = {"setattr", "delattr", "setitem", "delitem", "patch", "object"}


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


def imported(tree: ast.AST) -> dict[str, str]:
    """What each name that is imported from our packages stands for."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and is_ours(node.module):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname and is_ours(alias.name)}
    return found


def replaced(tree: ast.AST) -> Iterator[str]:
    """Each object of ours that a call of monkeypatch or mock changes."""
    names = imported(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name) and node.args):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        target = node.args[0]
        if called not in REPLACING:
            continue
        if isinstance(target, ast.Constant) and isinstance(target.value, str) and is_ours(target.value):
            yield target.value
        elif (dotted := ast.unparse(target)).partition(".")[0] in names and not is_module_of_others(dotted, names):
            yield f"{dotted}: {ast.unparse(node)}"


def is_module_of_others(dotted: str, names: dict[str, str]) -> bool:
    """Such as `index.boto3`: a library, by the name under which a module of ours has it."""
    root, _, path = dotted.partition(".")
    try:
        found: object = importlib.import_module(names[root])
    except ModuleNotFoundError:  # no module, but something in one
        return False
    for part in filter(None, path.split(".")):
        found = getattr(found, part)
    return isinstance(found, ModuleType) and not is_ours(found.__name__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from slipway.cli import main\nmonkeypatch.setattr(main, 'run', None)", 1),
        ("from slipway.cli.main import main\nmock.patch.object(main, 'run')", 1),
        ("monkeypatch.setattr('slipway.cli.main.run', None)", 1),
        ("import slipway.cli.main as m\nmonkeypatch.delattr(m, 'run')", 1),
        ("from slipway.cli import main\nmonkeypatch.setattr(main.sys, 'argv', [])", 0),
        ("import os\nmonkeypatch.setattr(os, 'getuid', None)\nmonkeypatch.setenv('A', 'b')", 0),
    ],
)
def test_a_replacement_of_our_code_is_recognized(text: str, expected: int) -> None:
    assert len(list(replaced(ast.parse(text)))) == expected


def test_no_test_replaces_our_code() -> None:
    called = re.compile(rf"\b({'|'.join(REPLACING)})\(")  # parsing the others would take most of the time
    texts = {file: file.read_text(encoding="utf-8") for file in TESTS.rglob("*.py") if file != Path(__file__)}
    found = {
        str(file.relative_to(TESTS)): changes
        for file, text in texts.items()
        if called.search(text) and (changes := list(replaced(ast.parse(text))))
    }
    assert found == {}
