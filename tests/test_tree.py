"""The tests mirror the tree."""

import runpy
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
TESTS = PROJECT / "tests"
ACROSS = tuple(map(Path, ("contract", "docker", "e2e", "sdk", "infra/access")))
"""Agreements between packages, tests that need more than Python, and the permissions of every stack's roles."""


def test_every_folder_of_tests_is_a_folder_or_a_module_of_the_code() -> None:
    folders = {file.parent.relative_to(TESTS) for file in TESTS.rglob("test_*.py")} - {Path()}
    own = [each for each in folders if not any(each.is_relative_to(across) for across in ACROSS)]
    assert [
        each for each in own if not ((PROJECT / each).is_dir() or (PROJECT / each).with_suffix(".py").is_file())
    ] == []


def test_what_a_quick_run_leaves_out_exists() -> None:
    found = runpy.run_path(str(TESTS / "conftest.py"))["NOT_QUICK"]
    assert [name for name in found if not (TESTS / name).exists()] == []
