"""What the settings may ask of each kind of problem."""

import copy

import pytest

from slipway.errors import InputError
from slipway.settings import parse_settings
from slipway.settings.hyperparameters import ALGORITHMS
from slipway.settings.problems import PROBLEMS, SHARES

OUTCOMES = {"true_positive": 5.0, "false_positive": -2.0, "false_negative": 0.0}
MATRIX = {"matrix": {"red": {"red": 1.0, "blue": -1.0}, "blue": {"blue": 2.0}}}
ERRORS = ", ".join(PROBLEMS["regression"].metrics)
COSTS = {"overestimate": -1.0, "underestimate": -3.0}
TARGETS = {
    "binary": {"target": "y", "positive_label": "yes"},
    "multiclass": {"target": "y"},
    "regression": {"target": "y"},
    "anomaly": {},
    "clustering": {},
}


def settings_of(problem, *, data=None, **sections):
    document = {
        "name": "case",
        "stage": "dev",
        "problem": problem,
        "data": {"columns": {"x": "number"}, **(TARGETS[problem] if data is None else data)},
    }
    return parse_settings(document | copy.deepcopy(sections), source="c")


def reported(problem, **sections):
    with pytest.raises(InputError) as caught:
        settings_of(problem, **sections)
    return [line.removeprefix("c: ") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(("problem", "facts"), PROBLEMS.items())
def test_every_problem_needs_no_more_than_its_data(problem, facts) -> None:
    settings = settings_of(problem)
    assert settings.metric == next(iter(facts.metrics))
    assert tuple(each.algorithm for each in settings.search.searches) == facts.default_algorithms
    assert problem in ALGORITHMS[facts.reference].problems


def test_every_metric_between_0_and_1_is_a_metric_of_a_problem() -> None:
    assert {metric for facts in PROBLEMS.values() for metric in facts.metrics} >= SHARES


@pytest.mark.parametrize(
    ("problem", "data", "error"),
    [
        ("binary", {}, "data.target must be given with problem binary"),
        (
            "binary",
            {"target": "y"},
            "data.positive_label must be given with problem binary: the value of y that is positive",
        ),
        ("regression", {}, "data.target must be given with problem regression"),
        (
            "multiclass",
            {"target": "y", "positive_label": "a"},
            "data.positive_label must be left out with problem multiclass, got a",
        ),
        (
            "clustering",
            {"target": "y"},
            "data.target must be left out with problem clustering, which learns from no target, got y",
        ),
        (
            "anomaly",
            {"target": "y"},
            "data.positive_label must be given with problem anomaly: the value of y that is positive",
        ),
        ("anomaly", {"positive_label": "a"}, "data.positive_label must be left out without data.target, got a"),
    ],
)
def test_a_target_is_given_where_the_problem_has_one(problem, data, error) -> None:
    assert reported(problem, data=data) == [error]


@pytest.mark.parametrize(
    ("problem", "value", "error"),
    [
        ("binary", OUTCOMES, None),
        ("binary", {"true_positive": 1.0}, "value must have false_positive, false_negative with problem binary"),
        ("multiclass", MATRIX, None),
        (
            "multiclass",
            MATRIX | COSTS,
            "value must have matrix with problem multiclass, got overestimate, underestimate",
        ),
        ("regression", COSTS, None),
        ("regression", {"overestimate": -1.0}, "value must have underestimate with problem regression"),
        ("anomaly", OUTCOMES, "value must be left out without data.target: which rows are anomaly is not known"),
        ("clustering", OUTCOMES, "value must be left out with problem clustering"),
    ],
)
def test_value_has_the_form_of_the_problem(problem, value, error) -> None:
    if error:
        assert reported(problem, value=value) == [error]
    else:
        assert settings_of(problem, value=value, gate={"metric": "value_per_1000"}).direction == "maximize"


@pytest.mark.parametrize(
    ("problem", "decision", "error"),
    [
        ("binary", {"maximise": "recall_at_precision", "precision": 0.8}, None),
        ("binary", {"maximise": "value"}, "decision.maximise must be of another kind without [value], got value"),
        ("multiclass", {"maximise": "accuracy"}, None),
        (
            "multiclass",
            {"maximise": "f1"},
            "decision.maximise must be of value, accuracy with problem multiclass, got f1",
        ),
        ("regression", {"interval": 0.9}, None),
        ("binary", {"interval": 0.9}, "decision.interval must be left out with problem binary, got 0.9"),
        ("anomaly", {"maximise": "top_share", "share": 0.01}, None),
        ("anomaly", {"maximise": "f1"}, "decision.maximise must be top_share without data.target, got f1"),
        (
            "clustering",
            {"maximise": "accuracy"},
            "decision.maximise must be left out with problem clustering, got accuracy",
        ),
    ],
)
def test_a_decision_has_the_form_of_the_problem(problem, decision, error) -> None:
    if error:
        assert reported(problem, decision=decision) == [error]
    else:
        assert settings_of(problem, decision=decision).decision.document() == decision


@pytest.mark.parametrize(
    ("decision", "error"),
    [
        ({"maximise": "f_beta"}, "beta must be given with maximise f_beta"),
        (
            {"maximise": "f1", "share": 0.1},
            "share must be left out with maximise f1, got 0.1",
        ),
        ({"precision": 0.5}, "precision must be left out with maximise (none), got 0.5"),
    ],
)
def test_what_is_maximised_has_its_own_number(decision, error) -> None:
    assert reported("binary", decision=decision) == [f"decision: {error}"]


@pytest.mark.parametrize(
    ("problem", "gate", "errors"),
    [
        ("regression", {"metric": "rmse", "threshold": 250.0, "max_loss_to_champion": 3.5}, []),
        (
            "regression",
            {"metric": "auc", "accuracy_target": 0.9},
            [
                f"gate.metric must be one of {ERRORS}, value_per_1000 with problem regression, got auc",
                "gate.accuracy_target must be left out with problem regression, got 0.9",
            ],
        ),
        (
            "binary",
            {"metric": "value_per_1000"},
            ["gate.metric must be another metric without [value], got value_per_1000"],
        ),
        (
            "binary",
            {"threshold": 1.5, "max_loss_to_reference": 2.0},
            [
                "gate.threshold must be in 0..1 with metric auc, got 1.5",
                "gate.max_loss_to_reference must be in 0..1 with metric auc, got 2.0",
            ],
        ),
        (
            "binary",
            {"threshold": 0, "max_loss_to_champion": 1.0},
            ["gate.threshold must not be 0 with metric auc, which no model is worse than: leave it out"],
        ),
    ],
)
def test_the_gate_compares_a_metric_of_the_problem(problem, gate, errors) -> None:
    if errors:
        assert reported(problem, gate=gate) == errors
    else:
        settings = settings_of(problem, gate=gate)
        assert (settings.metric, settings.direction) == ("rmse", "minimize")


def test_the_direction_is_the_metrics() -> None:
    assert settings_of("binary").direction == "maximize"
    assert settings_of("binary", gate={"metric": "log_loss"}).direction == "minimize"


SCHEDULED = {"schedule": "cron(0 * ? * * *)"}


@pytest.mark.parametrize("problem", ["multiclass", "regression", "clustering"])
def test_bias_is_watched_only_where_a_label_is_positive(problem):
    facet = {"column": "x", "threshold": 3.0, "metrics": {"DPPL": 0.1}}
    (found,) = reported(problem, monitoring={**SCHEDULED, "bias": [facet]})
    assert found == f"monitoring.bias must be left out with problem {problem}: none of its labels is the positive one"
    settings_of("anomaly", monitoring={**SCHEDULED, "bias": [facet]})


@pytest.mark.parametrize("problem", ["anomaly", "clustering"])
def test_what_needs_outcomes_needs_a_target(problem):
    (found,) = reported(problem, monitoring={**SCHEDULED, "outcomes_after_hours": 24})
    assert found == "monitoring.outcomes_after_hours must be left out without data.target: no outcome is known"


def test_without_a_target_bias_compares_predictions_alone():
    facet = {"column": "x", "threshold": 3.0, "metrics": {"DPPL": 0.1, "RD": 0.1}}
    (found,) = reported("anomaly", monitoring={**SCHEDULED, "bias": [facet]})
    assert found == "monitoring.bias must be of DI, DPPL without data.target: no outcome is known, got RD"


@pytest.mark.parametrize(
    ("problem", "value", "error"),
    [
        ("binary", None, "rollout.canary_analysis.value must be left out without [value]: nothing bounds"),
        ("regression", COSTS, "rollout.canary_analysis.value must be left out without values of outcomes: nothing"),
        ("multiclass", MATRIX, None),
    ],
)
def test_canary_analysis_compares_values_that_have_bounds(problem, value, error) -> None:
    sections = {"rollout": {"canary_analysis": {"enabled": True, "value": True}}, **({"value": value} if value else {})}
    if error is None:
        assert settings_of(problem, **sections).value.bounds() == (-1.0, 2.0)
    else:
        (line,) = reported(problem, **sections)
        assert line.startswith(error)
