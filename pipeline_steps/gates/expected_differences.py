"""By how much the responses of two good models differ: what a replay allows where the settings have no limit."""

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.gates.accepted_difference import DIFFERENCES, AcceptedDifference
from pipeline_steps.gates.own_error import validation_metric

_LEAST_PERCENT = 10.0
_ALLOWED = {"max_score_psi": 0.75, "max_mean_difference": 0.1, "max_segment_difference": 0.15}

_OTHER_ROWS = 1.25
"""Users do not send the test rows: on other rows two models differ a little more, or less."""


def expected_limits(champion: Artifact | None, accepted: AcceptedDifference | None) -> dict[str, float]:
    """Give the limits that the settings leave open.

    What Evaluate measured between the two models on labelled test rows, and the gate accepted, is no reason to refuse:
    `accepted` raises a limit to a little more, if the champion is the model that Evaluate compared with.
    """
    limits = {"max_disagreement_percent": _disagreement_percent(champion), **_ALLOWED}
    if champion is None or accepted is None or accepted.champion != champion.sha256:
        return limits
    return {name: max(limit, _OTHER_ROWS * getattr(accepted, DIFFERENCES[name])) for name, limit in limits.items()}


def _disagreement_percent(champion: Artifact | None) -> float:
    """Expect the share of other labels from a model that is as accurate on validation as the champion."""
    if champion is None:
        return _LEAST_PERCENT
    return accurate_models_differ_percent(validation_metric(champion, "accuracy"), len(champion.contract.classes))


def accurate_models_differ_percent(accuracy: float | None, classes: int) -> float:
    """Expect it of two models whose errors have nothing to do with each other.

    Two wrong labels are the same by chance; errors that are alike make it less. At least ten, and ten where there is no
    accuracy: numbers and clusters have none.
    """
    if accuracy is None or accuracy > 1:
        return _LEAST_PERCENT
    return max(_LEAST_PERCENT, 100 * (1 - accuracy**2 - (1 - accuracy) ** 2 / max(1, classes - 1)))
