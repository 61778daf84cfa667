"""What Evaluate writes, made up; `tests/contract/test_step_outputs.py` compares the keys with a real one."""

from typing import Any

VALUE = {"currency": "EUR", "total": 1200.0, "per_1000": 480.0, "rows": 2500}
SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>\n'


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def evaluation(
    problem: str = "binary", metric: str = "auc", direction: str = "maximize", **more: Any
) -> dict[str, Any]:
    """Of a candidate with a metric of 0.93, without a champion."""
    metrics = {metric: 0.93, "second": 0.7}
    return {
        "problem": problem,
        "algorithm": "xgboost",
        "primary_metric": {"name": metric, "direction": direction, "against": None, **interval(0.93)},
        "against": {},
        "metrics": metrics,
        "value": None,
        "baseline": {metric: 0.89, "second": 0.6, "value": None},
        "naive": {metric: 0.5, "second": 0.1, "value": None},
        "champion": None,
        "intervals": {
            "candidate": {name: interval(value) for name, value in metrics.items()},
            "reference": {metric: interval(0.89)},
            "naive": {metric: interval(0.5)},
        },
        "gate": {
            "passed": True,
            "reasons": "every condition holds",
            "accuracy_target": None,
            "accuracy_target_met": None,
            "loss_to_champion_high": 0.0,
        },
        "decision": {"chosen": {}, "curve": None},
        "choice": {"chosen": "tuned", "words": "the tuned model is better by 0.04 on the validation rows"},
        "fit": {"kind": "balanced", "words": "what is lost is within noise"},
        "importance": {
            "method": "permutation",
            "loss": "log_loss",
            "columns": [{"column": "<Page>", "importance": 0.2, "low": 0.1, "high": 0.3}],
        },
        "coefficients": None,
        "segments": {
            "loss": "log_loss",
            "is_error": True,
            "mean_loss": 0.3,
            "words": "12 segments were compared",
            "worst": [
                {
                    "column": "Month", "segment": "<May>", "rows": 90, "loss": 0.6, "low": 0.4, "high": 0.8,
                    "worse_than_others": True,
                }
            ],
        },
        "pictures": {"roc.svg": "the curve"},
        **more,
    }  # fmt: skip
