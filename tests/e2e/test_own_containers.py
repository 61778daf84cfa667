"""Launches with containers that are not Slipway's."""

import re
from pathlib import Path

import pytest

from tests.launches import PROJECT, ends, launch

OWN = Path(__file__).parent / "own_containers"
ECR = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
pytestmark = [pytest.mark.e2e, pytest.mark.thorough]


def own_server_config() -> str:
    """The shoppers, whose model a server of the user's own serves; too few requests are captured for a replay."""
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    endpoint = f"""[endpoint]
image = "{ECR}/onnx-server:1"
local_command = "python {OWN / "onnx_server.py"}"
request = {{ content_type = "application/json", template = '{{"instances": [$row]}}' }}
output = {{ pointer = "/predictions/0/score" }}
"""
    text = re.sub(r"^\[endpoint\]\n", endpoint, text, flags=re.MULTILINE)
    text = text.replace("[rollout]\n", '[rollout]\nalarms_off = ["PredictionDrift", "InputDrift"]\n')
    text = text.replace("canary_analysis]\n", "canary_analysis]\nservers = false\n")
    return (
        text.replace("max_jobs = 12", "max_jobs = 2")
        + "\n[rollout.replay]\nmin_requests = 20_000\nmax_requests = 20_000\n"
    )


def own_training_config() -> str:
    """The shoppers, whose model Slipway's server serves and an image of the user's own trains."""
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    replaced = "training|tuning|gate"
    text = re.sub(rf"^\[({replaced}).*?(?=^\[(?!{replaced}))", "", text, flags=re.MULTILINE | re.DOTALL)
    library = f"{PROJECT}:{PROJECT / 'pipeline_steps/training_script/library'}"
    return f"""{text}
[training]
image = "{ECR}/onnx-training:1"
local_command = "env PYTHONPATH={library} python {OWN / "onnx_training.py"}"
metric_definitions = {{ "validation:auc" = "validation:auc=([0-9.]+)" }}
[tuning]
max_jobs = 2
[tuning.ranges]
penalty = {{ type = "continuous", min = 0.0001, max = 0.01 }}
[gate]
max_loss_to_reference = 0.1
max_loss_to_champion = 0.05
"""


def own_model_config() -> str:
    """The example, whose model only its own containers read."""
    text = (PROJECT / "examples/own_container/visits.toml").read_text(encoding="utf-8")
    return text.replace("python program.py", f"python {OWN / 'visits.py'}")


@pytest.mark.parametrize(
    ("text", "backend", "fault", "bad"),
    [
        pytest.param(own_server_config(), "auto", "errors", "rolled_back", id="server"),
        # The fault is in the numbers alone, which captured responses have.
        pytest.param(own_server_config(), "auto", "shift", "rolled_back", id="numbers"),
        pytest.param(own_training_config(), "prefix", "errors", "rolled_back", id="training"),
        # The replay is sent to the bad image itself, before any user meets it.
        pytest.param(own_model_config(), "prefix", "errors", "refused", id="model"),
    ],
)
def test_two_models_go_live_and_the_bad_one_does_not(
    text: str, backend: str, fault: str, bad: str, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    report = launch(tmp_path / "own.toml", "--backend", backend, fault=fault)
    assert ends(report) == ["promoted", "promoted", bad]
    if fault == "shift":
        assert "CanaryDecision" in report["rollouts"][2]["by"]
