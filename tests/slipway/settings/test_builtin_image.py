"""SageMaker's own XGBoost image: where it is, and what settings may ask of it."""

from typing import Any

import pytest

from slipway.errors import InputError
from slipway.settings import Settings, parse_settings
from slipway.settings.builtin_image import is_builtin
from tests.slipway.settings.test_own_container import QUIET

IMAGE = "sagemaker-xgboost:1.7-1"
FRANKFURT = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def settings(**more: Any) -> Settings:
    document: dict[str, Any] = {
        "name": "d",
        "stage": "dev",
        "region": "eu-central-1",
        "data": {"target": "y", "positive_label": "1", "columns": {"x": "number", "z": "number"}},
        "training": {"image": IMAGE},
        "endpoint": {"image": IMAGE, "output": {"column": 0}},
        "tuning": {
            "fixed": {"objective": "binary:logistic", "num_round": "200"},
            "ranges": {"eta": {"type": "continuous", "min": 0.02, "max": 0.3}},
        },
        "gate": {"threshold": 0.8},
        "rollout": QUIET,
    }
    return parse_settings(document | more, source="config.toml")


def test_the_image_of_a_stage_is_that_of_its_region() -> None:
    found = settings()
    assert found.training.image == found.endpoint.image == FRANKFURT
    assert found.has_builtin_training
    china = settings(region="cn-north-1").training.image
    assert china == "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:1.7-1"


def test_an_image_of_that_name_in_another_account_is_ones_own() -> None:
    assert is_builtin(FRANKFURT)
    assert not is_builtin(FRANKFURT.replace("492215442770", "123456789012"))


def test_a_metric_is_what_the_image_calls_it() -> None:
    assert settings().objective_metric == "validation:auc"
    loss = settings(gate={"metric": "log_loss", "threshold": 0.3})
    assert (loss.objective_metric, loss.direction) == ("validation:logloss", "minimize")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"region": None}, "region must be given with image sagemaker-xgboost:1.7-1"),
        ({"region": "mars-east-1"}, "region must be given with image sagemaker-xgboost:1.7-1"),
        ({"training": {"image": "sagemaker-xgboost:9"}}, "must be of version 1.5-1, 1.7-1, 3.0-5, 3.2-0, got 9"),
        ({"training": {}}, "training.image and endpoint.image must both be sagemaker-xgboost"),
        ({"gate": {"metric": "recall", "threshold": 0.3}}, "gate.metric must be one that sagemaker-xgboost reports"),
        ({"tuning": {"fixed": {"num_round": "9"}}}, "tuning.fixed must have objective with the image"),
        (
            {"training": {"image": IMAGE, "metric_definitions": {"validation:auc": "auc=(.*)"}}},
            "training.metric_definitions must be left out with sagemaker-xgboost",
        ),
        (
            {"data": {"target": "y", "positive_label": "1", "columns": {"x": "number", "c": "category"}}},
            "data.columns must be numbers with the image sagemaker-xgboost, which reads nothing else, got c",
        ),
    ],
)
def test_what_the_image_cannot_do_is_refused_by_the_settings(more: dict[str, Any], error: str) -> None:
    with pytest.raises(InputError, match=error):
        settings(**more)
