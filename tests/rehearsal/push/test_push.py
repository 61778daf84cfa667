"""A push to the local repository, with a small project whose `make rehearse` writes what it was given."""

import subprocess
from pathlib import Path

import pytest

from rehearsal.push.origin import make_origin
from slipway.cli.main import main
from slipway.errors import InputError

MAKEFILE = """\
rehearse:
\t@mkdir -p $(OUT) && echo "$(ARGS)" > $(OUT)/report.html && test ! -e broken
check:
\t@test ! -e untidy
"""


def git(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.com"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A project with a first commit, and a repository to push to."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Makefile").write_text(MAKEFILE)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    code = main(["push-rehearsal", str(tmp_path / "origin.git"), "--checks", "make check", "--rehearse=--rows 3600"])
    assert code == 0
    return folder


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a change", "--allow-empty")
    return git(folder, "rev-parse", "HEAD").stdout.strip()


def push(folder: Path, branch: str = "main") -> str:
    """What the one who pushed sees."""
    ended = git(folder, "push", str(folder.parent / "origin.git"), f"HEAD:{branch}")
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def test_a_push_is_rehearsed_and_leaves_a_report(clone: Path) -> None:
    sha = commit(clone)
    output = push(clone)
    assert (clone.parent / "origin.git" / "rehearsals" / sha / "report.html").read_text() == "--plain --rows 3600\n"
    assert "the first push: delivery would train" in output
    assert "delivered" in output


def test_failing_checks_stop_it_before_the_rehearsal(clone: Path) -> None:
    (clone / "untidy").touch()
    sha = commit(clone)
    output = push(clone)
    assert "checks failed with exit code 2: nothing was delivered" in output
    assert not (clone.parent / "origin.git" / "rehearsals" / sha).exists()


def test_a_failing_rehearsal_is_reported(clone: Path) -> None:
    (clone / "broken").touch()
    commit(clone)
    output = push(clone)
    assert "rehearsal failed with exit code 2: nothing was delivered" in output
    assert "delivered;" not in output


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("pipeline_steps/train.py", "steps or settings have changed: delivery would train"),
        ("config/shoppers.toml", "steps or settings have changed: delivery would train"),
        ("README.md", "neither steps nor settings have changed: delivery would deploy and not train"),
    ],
)
def test_it_reports_whether_delivery_would_train(clone: Path, file: str, sentence: str) -> None:
    push(clone)
    (clone / file).parent.mkdir(exist_ok=True)
    (clone / file).write_text("changed")
    commit(clone)
    assert sentence in push(clone)


def test_another_branch_is_left_alone(clone: Path) -> None:
    assert "nothing was pushed to main" in push(clone, "feature")
    assert list((clone.parent / "origin.git" / "rehearsals").iterdir()) == []


def test_the_repository_may_be_made_again_and_a_folder_of_others_is_refused(clone: Path, tmp_path: Path) -> None:
    make_origin(tmp_path / "origin.git", branch="main", checks="", rehearse="")
    assert "checks" not in push(clone)
    with pytest.raises(InputError, match="must be a new folder or one made by this command"):
        make_origin(clone, branch="main", checks="", rehearse="")
