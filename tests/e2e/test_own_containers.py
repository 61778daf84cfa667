"""Two launches with containers that are not Slipway's."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SERVERS = Path(__file__).parent / "own_containers"
ECR = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
pytestmark = [pytest.mark.e2e, pytest.mark.thorough]


def own_server_config() -> str:
    """The shoppers, whose model a server of the user's own serves, in JSON."""
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    endpoint = f"""[endpoint]
image = "{ECR}/onnx-server:1"
local_command = "python {SERVERS / "onnx_server.py"}"
request = {{ content_type = "application/json", template = '{{"instances": [$row]}}' }}
output = {{ pointer = "/predictions/0/score" }}
"""
    text = re.sub(r"^\[endpoint\]\n", endpoint, text, flags=re.MULTILINE)
    text = text.replace("[rollout]\n", '[rollout]\nalarms_off = ["PredictionDrift", "InputDrift"]\n')
    text = text.replace("canary_analysis]\n", "canary_analysis]\nservers = false\nscores = false\n")
    return text.replace("max_jobs = 12", "max_jobs = 2")


@pytest.mark.parametrize("text", [pytest.param(own_server_config(), id="server")])
def test_two_models_go_live_and_the_bad_build_is_rolled_back(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    argv = [sys.executable, "-m", "slipway.cli", "rehearse", "--plain", "--rows", "3000", "--speed", "100"]
    argv += ["--rate", "40", "--fault", "errors", "--backend", "prefix", "--config", str(tmp_path / "own.toml")]
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
