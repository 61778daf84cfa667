from typing import Any

import pytest

from pipeline_steps.evaluation.model_fit import describe_fit

FIT: dict[str, Any] = {"naive": 0.5, "reference_train": 0.86, "deviation": 0.01}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"train": 0.90, "validation": 0.89}, "balanced"),
        ({"train": 1.00, "validation": 0.80}, "overfit"),
        # boosting always fits its training rows well: that alone is no fault
        ({"train": 0.95, "validation": 0.90}, "balanced"),
        ({"train": 1.00, "validation": 0.80, "deviation": 0.15}, "balanced"),
        ({"train": 0.52, "validation": 0.51, "reference_train": 0.52}, "underfit"),
        ({"train": 0.80, "validation": 0.80}, "underfit"),
    ],
)
def test_the_fit_is_named_by_what_is_learnt_and_what_of_it_is_lost(changes: dict[str, float], kind: str) -> None:
    assert describe_fit("auc", "maximize", **FIT | changes)["kind"] == kind


def test_bias_is_what_the_training_rows_miss_and_variance_what_others_lose() -> None:
    found = describe_fit(
        "rmse", "minimize", train=2.0, validation=5.0, naive=9.0, reference_train=4.0, deviation=0.1, folds=[4.0, 6.0]
    )
    assert (found["bias"], found["variance"], found["kind"]) == (2.0, 3.0, "overfit")
    assert found["folds_deviation"] == pytest.approx(2**0.5)


@pytest.mark.parametrize(("last", "words"), [(0.9, "more rows would help"), (0.851, "would help little")])
def test_the_learning_curve_says_whether_more_rows_would_help(last: float, words: str) -> None:
    curve = [{"rows": 100, "train": 1, "validation": 0.85}, {"rows": 200, "train": 1, "validation": last}]
    found = describe_fit("auc", "maximize", **FIT, train=0.91, validation=last, curve=curve)
    assert found["words"].endswith(words)
