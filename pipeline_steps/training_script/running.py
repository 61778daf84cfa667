"""Run the script that the image was built with, and see that it leaves a whole artifact."""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.artifact.files import FILES
from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.errors import StepError
from pipeline_steps.paths import Paths
from pipeline_steps.tables.prepared import read_use_case
from pipeline_steps.tables.use_case import UseCase

SCRIPT = "script"
"""The value of the hyperparameter `algorithm` that stands for the user's own script."""

USER_CODE = Path(__file__).resolve().parents[1] / "user_code"
"""What the image was built with beside the steps: `entry_point` names the script in the folder `files`."""

_LIBRARY = Path(__file__).with_name("library")


class ScriptError(StepError):
    """The script failed, or did not leave what it must."""


def run_script(paths: Paths, user_code: Path = USER_CODE) -> None:
    """Run it as `python SCRIPT` would, in this process: signals and exit codes are the script's own.

    Raises:
        ScriptError: the image has no script, it fails, or it leaves no whole artifact of this use case.
    """
    try:
        name = (user_code / "entry_point").read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ScriptError(
            f"hyperparameter algorithm must not be {SCRIPT}: the image was built without [training] script"
        ) from exc
    script = user_code / "files" / name
    _run(script, [str(script.parent), str(_LIBRARY)])
    _require_artifact(paths.model, read_use_case(paths.channel("train")), name)


def _run(script: Path, folders: Sequence[str]) -> None:
    path, arguments = list(sys.path), list(sys.argv)
    sys.path[:0], sys.argv = folders, [str(script)]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as exc:
        if exc.code not in {None, 0}:
            raise ScriptError(f"the training script {script.name} ended with exit code {exc.code}") from exc
    except ModuleNotFoundError as exc:
        raise ScriptError(
            f"the training script {script.name} imports {exc.name}, which is not installed: list its package in the "
            "file that [training] requirements names"
        ) from exc
    finally:
        sys.path[:], sys.argv = path, arguments


def _require_artifact(folder: Path, use_case: UseCase, name: str) -> None:
    """See that what the next steps read is there, and is of this use case."""
    if absent := [file for file in FILES if not (folder / file).is_file()]:
        raise ScriptError(
            f"the training script {name} must leave {', '.join(FILES)} in {folder}, it lacks {', '.join(absent)}: "
            "end it with slipway_artifact.save"
        )
    artifact = read_folder(folder)
    contract = artifact.contract
    found = (contract.problem_name, [column.name for column in contract.columns])
    if found != (use_case.problem, use_case.names):
        raise ScriptError(
            f"the training script {name} must leave a model of problem {use_case.problem} with the columns "
            f"{', '.join(use_case.names)}, got {found[0]} with {', '.join(found[1])}"
        )
    artifact.scorer  # noqa: B018 (a graph that does not load fails here, in the job that made it)
