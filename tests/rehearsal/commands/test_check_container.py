"""A container that is not ours is checked as SageMaker would run it, a line for each rule."""

import shlex
import sys
from pathlib import Path

import pytest

from slipway.cli.main import main

SERVER = Path(__file__).parents[1] / "endpoints" / "own_server.py"


def checked(folder: Path, *faults: str) -> int:
    (folder / "row.json").write_text('{"features": [1, 2.5]}')
    command = shlex.join([sys.executable, str(SERVER), *faults])
    arguments = ["--request", str(folder / "row.json"), "--content-type", "application/json"]
    return main(["check-container", "--command", command, *arguments])


def test_a_server_that_keeps_the_contract_passes_every_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    rules = ["start", "ping", "invocations", "response", "invalid request", "large request", "survival", "model folder"]
    assert [line.split(":")[0].removeprefix("ok    ") for line in lines] == [*rules, "stop"]
    assert """bytes of application/json: '{"predictions": [{"score": 3.5}]}'""" in lines[3]
    assert lines[4].endswith(" ms")


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("absent", ["start: the model server ended with status 1 (its last lines: no weights in the model folder)"]),
        ("blames itself", ["invalid request: must be 4xx, for 5xx counts as the model's own fault, got 500"]),
        ("talks", ["response: must be JSON, as its content type says"]),
        ("shy", ["response: must name its content type"]),
        ("writes", ["model folder: must leave /opt/ml/model as it is", "cache.json"]),
        ("dies", ["invalid request: must be 4xx", "survival: must serve after these requests"]),
    ],
)
def test_a_broken_rule_is_named_and_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str, broken: list[str]
) -> None:
    assert checked(tmp_path, fault) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL")]
    assert all(any(part in line for line in failed) for part in broken), failed


TRAINING = """
import json, os, pathlib, sys
ml = pathlib.Path(os.environ["SM_BASE_DIR"])
assert sys.argv[1:] == ["train"]
given = json.loads((ml / "input/config/hyperparameters.json").read_text())
rows = (ml / "input/data/train/rows.csv").read_text().split()
if given["fault"] == "raises":
    (ml / "output/failure").write_text("no row is positive")
    sys.exit(1)
if given["fault"] == "edits":
    (ml / "input/data/train/rows.csv").write_text("")
if given["fault"] != "empty":
    (ml / "model/weights.json").write_text(json.dumps(len(rows)))
print("validation:loss=0.25;")
"""


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("none", []),
        ("raises", ["exit: must be 0, got 1; /opt/ml/output/failure says 'no row is positive'", "log: ", "model: "]),
        ("empty", ["model: must leave its model in /opt/ml/model, which is empty"]),
        ("edits", ["input: must leave /opt/ml/input as it is, and changed data/train/rows.csv"]),
    ],
)
def test_a_training_job_is_run_to_its_end_and_what_it_left_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str, broken: list[str]
) -> None:
    (tmp_path / "channels/train").mkdir(parents=True)
    (tmp_path / "channels/train/rows.csv").write_text("1\n2\n")
    (tmp_path / "fit.py").write_text(TRAINING)
    command = [
        "--command",
        shlex.join([sys.executable, str(tmp_path / "fit.py")]),
        "--hyperparameter",
        f"fault={fault}",
    ]
    assert main(["check-container", *command, "--train", str(tmp_path / "channels")]) == (1 if broken else 0)
    lines = capsys.readouterr().out.splitlines()
    failed = [line.removeprefix("FAIL  ") for line in lines if line.startswith("FAIL")]
    assert len(lines) == 4
    assert all(line.startswith(part) for line, part in zip(failed, broken, strict=True)), failed


def test_a_request_that_is_not_there_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-container", "--command", "true", "--request", str(tmp_path / "absent")]) == 2
    assert "--request must be a readable file" in capsys.readouterr().err
