"""What an evaluation says about the candidate, in words: for every kind of problem the same way."""

from collections.abc import Mapping
from typing import Any

from slipway.rounding import rounded, with_interval

MODELS = ("candidate", "naive", "reference", "champion")
"""Those that are compared on one test split, where they are there."""


def quality_line(evaluation: Mapping[str, Any]) -> str:
    """The primary metric with its interval, and what the predictions are worth where that is known."""
    primary, value = evaluation["primary_metric"], evaluation.get("value")
    name = metric_in_words(evaluation, primary["name"])
    line = f"test {name} {with_interval(primary['value'], primary['low'], primary['high'])}"
    gate = evaluation["gate"]
    if gate.get("accuracy_target") is not None:
        met = "met" if gate["accuracy_target_met"] else "not met"
        line += f", accuracy {rounded(evaluation['metrics']['accuracy'])} (target {gate['accuracy_target']:g} {met})"
    return line + (f", {rounded(value['per_1000'])} {value['currency']} per 1,000 rows" if value else "")


def reported_line(properties: Mapping[str, str]) -> str:
    """The metric of a model that nothing of Slipway's can read: what its training reported, by the package."""
    value, limit = float(properties["gate_value"]), float(properties["gate_threshold"])
    metric, by = properties["gate_metric"], properties["gate_metric_by"]
    return f"{metric} {rounded(value)} (limit {limit:g}), reported by {by}; not evaluated on the test split"


def metric_in_words(evaluation: Mapping[str, Any], metric: str) -> str:
    """Name a metric, with the rows that it compares the table's with where no target is known."""
    against = evaluation.get("against", {}).get(metric)
    return f"{metric} against {against}" if against else metric


_POSITIVE = {"anomaly": "anomalous"}
_AS_IT_IS = {"multiclass": "the most probable label", "clustering": "the nearest cluster"}


def decision_in_words(decision: Mapping[str, Any], problem: str) -> str:
    """How the model's output becomes a decision, by what was chosen."""
    parts = []
    if "threshold" in decision:
        parts.append(f"{_POSITIVE.get(problem, 'positive')} from a score of {rounded(decision['threshold'])} on")
    if "values" in decision:
        parts.append("the label of the highest expected value")
    if "shift" in decision:
        parts.append(_shifted(decision["shift"]))
    if "interval" in decision:
        half_width, coverage = decision["interval"]["half_width"], 100 * decision["interval"]["coverage"]
        parts.append(f"an interval of {rounded(half_width)} to each side for {coverage:g} % of the true numbers")
    return "; ".join(parts) or _AS_IT_IS.get(problem, "the model's output as it is")


def _shifted(shift: float) -> str:
    if shift == 0:
        return "the predicted number as it is: no number added to it is proven to lower the cost of errors"
    return f"the predicted number {'plus' if shift > 0 else 'minus'} {rounded(abs(shift))}, where errors cost least"


def is_proven_better(evaluation: Mapping[str, Any]) -> bool:
    """Whether the test rows prove the candidate better than the champion, at the gate's confidence."""
    highest = evaluation.get("gate", {}).get("loss_to_champion_high")
    return bool(evaluation.get("champion")) and highest is not None and highest < 0
