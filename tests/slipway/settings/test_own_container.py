"""Images of the user's own: what the settings must say of them, and what cannot be had with them."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import InputError
from slipway.settings import Settings, load_settings, parse_settings

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
SERVER, TRAINING = f"{ECR}/team/my-server:1.4", f"{ECR}/my-training@sha256:{'0' * 64}"
QUIET = {"alarms_off": ["PredictionDrift", "InputDrift"]}
COMPARED = QUIET | {"canary_analysis": {"enabled": True, "servers": False}}
SCALED = {"min_instance_count": 2, "max_instance_count": 4, "invocations_per_instance": 100}
RATES = {"ranges": {"rate": {"type": "categorical", "values": ["1", "2"]}}}
REPORTS = {"image": TRAINING, "metric_definitions": {"validation:auc": "auc=([0-9.]+)"}}
SERVES = {"image": SERVER, "output": {"column": 0}}


def settings(**more: Any) -> Settings:
    document = {"name": "d", "stage": "dev", "data": {"target": "y", "positive_label": "1", "columns": {"x": "number"}}}
    return parse_settings(document | {"endpoint": SERVES, "rollout": QUIET} | more, source="config.toml")


def own_model(**more: Any) -> Settings:
    return settings(**{"training": REPORTS, "tuning": RATES, "gate": {"threshold": 0.8}} | more)


def test_a_server_of_ones_own_serves_what_slipway_trains() -> None:
    assert (settings().algorithms, settings().has_own_model) == (("xgboost",), False)


def test_a_training_image_is_what_is_searched_with_the_hyperparameters_that_it_knows() -> None:
    (search,) = own_model(tuning=RATES | {"fixed": {"seed": "7", "algorithm": "mine"}}).search.searches
    assert (search.algorithm, search.fixed) == ("image", {"seed": "7", "algorithm": "mine"})
    assert own_model().has_own_model


def test_files_in_a_local_command_are_named_from_the_settings_own_folder(tmp_path: Path) -> None:
    (tmp_path / "my server.py").touch()
    (tmp_path / "config").mkdir()
    (tmp_path / "config/d.toml").write_text(
        "name = 'd'\n[data]\ntarget = 'y'\npositive_label = '1'\ncolumns = { x = 'number' }\n"
        "[rollout]\nalarms_off = ['PredictionDrift', 'InputDrift']\n"
        f"[endpoint]\nimage = '{SERVER}'\noutput = {{ pointer = '/p' }}\n"
        "local_command = \"python '../my server.py' --quick\"\n"
    )
    command = load_settings(tmp_path / "config/d.toml", "dev").endpoint.local_command
    assert shlex.split(command or "") == ["python", str(tmp_path / "my server.py"), "--quick"]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"endpoint": {**SERVES, "image": "my-server:1"}}, "endpoint.image: must be an image in ECR with its tag"),
        ({"endpoint": {**SERVES, "image": f"{ECR}/my-server"}}, "endpoint.image: must be an image in ECR with its tag"),
        ({"endpoint": {"image": SERVER}}, "endpoint: output must be given with image"),
        ({"endpoint": {"output": {"column": 1}}}, "endpoint: output must be left out without image"),
        ({"endpoint": {**SERVES, "output": {}}}, "endpoint.output: pointer or column must be given, and not both"),
        ({"endpoint": {**SERVES, "environment": {"SAGEMAKER_X": "1"}}}, "must not name variables that begin with"),
        (
            {"endpoint": {**SERVES, "request": {"template": "[$row]"}}},
            "endpoint.request: template must be left out with content_type text/csv",
        ),
        (
            {"endpoint": {**SERVES, "request": {"content_type": "application/json", "template": '{"a": $b}'}}},
            "template must name $row or $values and nothing else",
        ),
        (
            {"endpoint": {**SERVES, "request": {"content_type": "application/json", "template": "{$row}"}}},
            "template must be JSON once $row and $values are put in",
        ),
        ({"rollout": {}}, "rollout.alarms_off must name PredictionDrift, InputDrift with endpoint.image"),
        (
            {"rollout": QUIET | {"canary_analysis": {"enabled": True}}},
            "rollout.canary_analysis.servers must be false with endpoint.image",
        ),
        (
            {"rollout": COMPARED, "endpoint": SERVES | {"capture_percent": 0}},
            "rollout.canary_analysis.scores must be false with endpoint.image and endpoint.capture_percent 0",
        ),
        (
            {"rollout": COMPARED, "endpoint": SERVES | {"autoscaling": SCALED}},
            "rollout.canary_analysis.scores must be false with endpoint.image and endpoint.autoscaling",
        ),
        ({"monitoring": {"schedule": "cron(0 * ? * * *)"}}, "monitoring.schedule must be left out with endpoint.image"),
        ({"training": {"metric_definitions": {"a": "(b)"}}}, "metric_definitions must be left out without image"),
        (
            {"training": REPORTS | {"metric_definitions": {"validation:f1": "f1=(.*)"}}, "tuning": RATES},
            "training.metric_definitions must have validation:auc, by which the search goes, got validation:f1",
        ),
        (
            {"training": REPORTS | {"metric_definitions": {"validation:auc": "auc=.*"}}, "tuning": RATES},
            "metric_definitions.validation:auc must have a group for the number, got auc=.*",
        ),
        ({"training": REPORTS, "tuning": RATES}, "gate.threshold must be given with training.image and endpoint.image"),
        (
            {"training": REPORTS, "tuning": RATES, "gate": {"threshold": 0.8, "max_train_validation_gap": 0.1}},
            "gate.max_train_validation_gap must be left out with training.image and endpoint.image",
        ),
        (
            {"training": REPORTS, "tuning": RATES | {"algorithms": ["image"]}, "gate": {"threshold": 0.8}},
            "tuning.algorithms must be left out with training.image, got image",
        ),
        (
            {"tuning": RATES | {"algorithms": ["image"]}},
            "training.image must be given where tuning.algorithms has image",
        ),
    ],
)
def test_what_is_missing_or_cannot_be_had_is_refused_in_one_line(more: dict[str, Any], error: str) -> None:
    with pytest.raises(InputError) as caught:
        settings(**more)
    assert any(error in line for line in str(caught.value).splitlines()), str(caught.value)
