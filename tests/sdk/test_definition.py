"""SageMaker's own SDK, given the same use case, writes the same definition."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from slipway.settings import load_settings
from slipway.training import to_json, training_pipeline
from tests.sdk.environment import PROJECT, run_with_sdk
from tests.sdk.normalisation import RULES, Rule, leaves, normalised

ARN = "arn:aws:iam::000000000000:role"
PLACES = {
    "bucket": "artifacts",
    "kms_key_arn": "arn:aws:kms:us-east-1:000000000000:key/k",
    "image_uri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/steps:1",
    "use_case_uri": "s3://assets/use_case.json",
    "processing_role_arn": f"{ARN}/processing",
    "training_role_arn": f"{ARN}/training",
    "evaluation_role_arn": f"{ARN}/evaluation",
}
SHIPPED = PROJECT / "config" / "shoppers.toml"
REGRESSION = PROJECT / "config" / "deliveries.toml"
CLUSTERING = PROJECT / "config" / "customers.toml"
SEARCH = """\
[tuning]
strategy = "Grid"
max_parallel_jobs = 3
seed = 7

[tuning.fixed]
num_round = "50"

[tuning.ranges]
max_depth = { type = "categorical", values = ["3", "5", "7"] }
"""
SPOT = "[training]\nspot = true\nmax_wait_seconds = 5400\n"
NETWORK = """
[access.vpc]
vpc_id = "vpc-01234567"
subnets = ["subnet-01234567", "subnet-89abcdef"]
security_groups = ["sg-01234567"]
"""
NAMES = ("shipped", "grid", "spot in a network", "regression", "clustering")


def with_a_grid() -> str:
    """The shipped settings with another search, a metric that is no whole number of anything, and no description."""
    head, rest = SHIPPED.read_text(encoding="utf-8").split("[tuning]\n", 1)
    gate = "[gate]\n" + rest.split("[gate]\n", 1)[1]
    text = "".join(line for line in head.splitlines(keepends=True) if not line.startswith("description"))
    return text + SEARCH + "\n" + gate.replace("threshold = 0.88", "threshold = 1")


def on_spot_machines_in_a_network() -> str:
    return SHIPPED.read_text(encoding="utf-8").replace("[training]\n", SPOT) + NETWORK


def a_regression_over_one_algorithm() -> str:
    """With a smaller metric as the better one, and no threshold; the SDK's tuner can write one algorithm."""
    several, one = 'algorithms = ["linear", "xgboost"]', 'algorithms = ["lightgbm"]'
    text = REGRESSION.read_text(encoding="utf-8")
    assert several in text
    return text.replace(several, one)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    texts = (
        SHIPPED.read_text(encoding="utf-8"),
        with_a_grid(),
        on_spot_machines_in_a_network(),
        a_regression_over_one_algorithm(),
        CLUSTERING.read_text(encoding="utf-8"),
    )
    assert len(set(texts)) == len(NAMES)
    folder = tmp_path_factory.mktemp("settings")
    files = {name: folder / f"{number}.toml" for number, name in enumerate(NAMES)}
    for file, text in zip(files.values(), texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return files


@pytest.fixture(scope="module")
def by_sdk(settings: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    request = {"settings": {name: str(path) for name, path in settings.items()}, "places": PLACES}
    answer: dict[str, Any] = run_with_sdk("write_definition.py", request, tmp_path_factory.mktemp("sdk"))
    return answer


@pytest.fixture(scope="module")
def by_us(settings: Mapping[str, Path]) -> dict[str, Any]:
    made = {name: training_pipeline(load_settings(path, "dev"), **PLACES) for name, path in settings.items()}
    return {name: json.loads(to_json(definition)) for name, definition in made.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_and_we_write_the_same_definition(name: str, by_sdk: dict[str, Any], by_us: dict[str, Any]) -> None:
    expected, found = leaves(normalised(by_sdk[name])), leaves(by_us[name])
    assert {path: value for path, value in found.items() if expected.get(path) != value} == {}
    assert {path: value for path, value in expected.items() if found.get(path) != value} == {}


def test_the_two_definitions_have_every_type_of_step_between_them(by_sdk: dict[str, Any]) -> None:
    text = json.dumps(by_sdk)
    for kind in ("Processing", "Training", "Tuning", "Condition", "Fail", "RegisterModel"):
        assert f'"Type": "{kind}"' in text
    assert {"Grid", "Bayesian"} == {
        step["Arguments"]["HyperParameterTuningJobConfig"]["Strategy"]
        for document in by_sdk.values()
        for step in document["Steps"]
        if step["Type"] == "Tuning"
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_of_the_normalisation_is_still_needed(rule: Rule, by_sdk: dict[str, Any]) -> None:
    changed = copy.deepcopy(by_sdk)
    for name, document in changed.items():
        rule(document, by_sdk[name])
    assert leaves(changed) != leaves(by_sdk)


def test_no_rule_touches_what_we_write(by_us: dict[str, Any]) -> None:
    for document in by_us.values():
        assert leaves(normalised(document)) == leaves(document)


def test_a_value_more_less_or_of_another_type_is_a_difference() -> None:
    document: dict[str, Any] = {"a": [1, {"b": 1.0}], "c": None}
    others = ({"a": [1, {"b": 1.0}]}, {"a": [1, {"b": 1}], "c": None}, {"a": [{"b": 1.0}, 1], "c": None})
    more = ({**document, "d": {}}, {**document, "d": []}, {**document, "d": {"e": None}})
    assert len({json.dumps(leaves(each), sort_keys=True) for each in (document, *others, *more)}) == 7
