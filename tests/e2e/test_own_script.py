"""Two launches of models that a script of the user's own trains."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NETWORK = PROJECT / "tests/pipeline_steps/training_script/network.py"
pytestmark = [pytest.mark.e2e, pytest.mark.thorough]


def network_config() -> str:
    """The shoppers with a small network in NumPy, which is everywhere."""
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    text = re.sub(r"^\[(tuning|gate).*?(?=^\[(?!tuning|gate))", "", text, flags=re.MULTILINE | re.DOTALL)
    script = f'[training]\nscript = "{NETWORK}"'
    units = '[tuning]\nmax_jobs = 2\n[tuning.ranges]\nunits = { type = "integer", min = 4, max = 12 }\n'
    return text.replace("[training]", script, 1) + units


def digits_config() -> str:
    """The digits with the shipped network in PyTorch."""
    text = (PROJECT / "config/digits.toml").read_text(encoding="utf-8")
    return text.replace("../examples", str(PROJECT / "examples")).replace("max_jobs = 6", "max_jobs = 2")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(network_config(), id="numpy"),
        pytest.param(
            digits_config(),
            id="torch",
            marks=pytest.mark.skipif(find_spec("torch") is None, reason="needs examples/own_model/requirements.txt"),
        ),
    ],
)
def test_two_models_of_a_script_go_live_and_the_bad_one_does_not(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    argv = [sys.executable, "-m", "slipway.cli", "rehearse", "--plain", "--rows", "3000", "--speed", "100"]
    argv += ["--rate", "40", "--fault", "errors", "--config", str(tmp_path / "own.toml")]
    ended = subprocess.run(
        [*argv, "--out", str(tmp_path / "out")],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert [rollout["verdict"] for rollout in report["rollouts"]] == ["promoted", "promoted", "rolled_back"]
    assert report["algorithm"] in {"script", "linear"}
