"""A run's temporary folder is gone when the run is, or else when the next one begins."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slipway.temporary import temporary_folder

RUN = """\
import sys
from slipway.temporary import temporary_folder
with temporary_folder("rehearsal") as folder:
    (folder / "cloud").mkdir()
    (folder / "cloud" / "table.csv").write_text("a user's rows")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def started(folder: Path) -> tuple["subprocess.Popen[str]", Path]:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    return run, Path(run.stdout.readline().strip())


def test_the_folder_is_gone_afterwards_also_after_an_error(here: Path) -> None:
    def fail() -> None:
        with temporary_folder("rehearsal") as folder:
            (folder / "deep").mkdir()
            (folder / "deep" / "file").touch()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(here.iterdir()) == []


def test_what_a_dying_process_writes_while_the_folder_goes_is_removed_by_the_next_run(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = shutil.rmtree

    def removed_and_written(path: Path, **options: Any) -> None:
        removed(path, **options)
        (path.parent / "late").mkdir()
        (path.parent / "late" / "table.csv").write_text("a user's rows")

    with temporary_folder("rehearsal") as folder:
        (folder / "cloud").mkdir()
        monkeypatch.setattr(shutil, "rmtree", removed_and_written)
    monkeypatch.undo()
    monkeypatch.setattr("tempfile.tempdir", str(here))
    assert (folder / "late" / "table.csv").exists()
    with temporary_folder("rehearsal"):
        pass
    assert list(here.iterdir()) == []


def test_the_folder_of_a_killed_run_goes_with_the_next_run_and_that_of_a_live_one_stays(here: Path) -> None:
    dead, left = started(here)
    alive, used = started(here)
    with dead, alive:
        dead.kill()
        dead.wait()
        assert (left / "cloud" / "table.csv").exists()
        with temporary_folder("rehearsal") as mine:
            assert {path.name for path in here.iterdir()} == {used.name, mine.name}
            assert (used / "cloud" / "table.csv").exists()
        alive.communicate(timeout=20)
    assert list(here.iterdir()) == []


def test_only_folders_of_our_own_user_that_had_a_run_are_removed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".lock").touch()
    (here / "slipway-run-link").symlink_to(elsewhere)
    (here / "slipway-run-file").touch()
    (here / "slipway-run-no-lock").mkdir()
    (here / "slipway-run-no-lock" / "mine.txt").touch()
    (here / "slipway-run-ended").mkdir()
    (here / "slipway-run-ended" / ".lock").touch()
    (here / "slipway-run-empty").mkdir()
    ours = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: ours + 1)
    with temporary_folder("rehearsal"):
        assert len(list(here.iterdir())) == 7
    monkeypatch.setattr(os, "geteuid", lambda: ours)
    with temporary_folder("rehearsal"):
        pass
    assert {path.name for path in here.iterdir()} == {
        "elsewhere", "slipway-run-link", "slipway-run-file", "slipway-run-no-lock",
    }  # fmt: skip
    assert (elsewhere / ".lock").exists()
