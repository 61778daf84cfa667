"""The tests mirror the tree."""

import runpy
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
TESTS = PROJECT / "tests"
ACROSS = tuple(map(Path, ("contract", "docker", "e2e", "sdk", "infra/access")))
"""Agreements between packages, tests that need more than Python, and the permissions of every stack's roles."""
FOLDERS = sorted({file.parent for file in TESTS.rglob("test_*.py")} - {TESTS})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(TESTS)))
def test_every_folder_of_tests_is_a_folder_or_a_module_of_the_code(folder: Path) -> None:
    inside = folder.relative_to(TESTS)
    module = (PROJECT / inside).with_suffix(".py")
    assert any(inside.is_relative_to(across) for across in ACROSS) or (PROJECT / inside).is_dir() or module.is_file()


def test_what_a_quick_run_leaves_out_exists() -> None:
    found = runpy.run_path(str(TESTS / "conftest.py"))["NOT_QUICK"]
    assert [name for name in found if not (TESTS / name).exists()] == []
