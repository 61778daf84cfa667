"""By how much candidate and champion differ on the test rows, where the pipeline's gate accepts the candidate."""

import math
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.evaluation.model_evaluation import ModelEvaluation
from pipeline_steps.gates.own_error import typical_error
from pipeline_steps.gates.replay_segments import segments
from pipeline_steps.gates.score_differences import PairedScores, ScoreDifferences, compare_scores

REGISTERED_DIFFERENCE = "SLIPWAY_CHAMPION_DIFFERENCE"
"""The environment variable with the difference in the model package; empty or absent where the package has none."""

DIFFERENCES = {
    "max_disagreement_percent": "disagreement_percent",
    "max_score_psi": "score_psi",
    "max_mean_difference": "mean_difference",
    "max_segment_difference": "segment_difference",
}
"""Of each limit of the replay, what it limits."""

_NONE = "none"
_MIN_SEGMENT_ROWS = 100


@dataclass(frozen=True)
class AcceptedDifference:
    """Upper bounds, in the units of the replay's limits; `champion` is the sha256 of the other model's files."""

    champion: str
    disagreement_percent: float
    score_psi: float
    mean_difference: float
    segment_difference: float

    def to_text(self) -> str:
        """Write it with the characters that a property of a model package may have."""
        return " ".join(
            f"{name}={value}" if isinstance(value, str) else f"{name}={value:.4g}"
            for name, value in asdict(self).items()
        )

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """Read it; None where the package has none, or what is no difference."""
        parts = dict(part.partition("=")[::2] for part in text.split())
        try:
            numbers = {name: float(parts[name]) for name in DIFFERENCES.values()}
            champion = parts["champion"]
        except (KeyError, ValueError):
            return None
        return cls(champion, **numbers) if all(math.isfinite(number) for number in numbers.values()) else None


def accepted_text(difference: AcceptedDifference | None) -> str:
    """Write it for the model package."""
    return _NONE if difference is None else difference.to_text()


def measure_difference(
    champion: Artifact, encoded: NDArray[np.float32], *, before: ModelEvaluation, after: ModelEvaluation
) -> AcceptedDifference:
    """Compare the champion with the candidate on the test rows, as the replay compares them on requests.

    Args:
        champion: the live model.
        encoded: the test rows, as its contract encodes them.
        before: the champion's predictions of these rows; what follows them, permuted rows, is left out.
        after: the candidate's.
    """
    rows, problem = len(encoded), before.problem
    old, new = before.predicted, after.predicted
    scores = PairedScores(
        request=np.arange(rows),
        champion=problem.headline(old.outputs[:rows]).astype(np.float64),
        candidate=problem.headline(new.outputs[:rows]).astype(np.float64),
        champion_label=np.asarray(old.labels[:rows], dtype=np.float64),
        candidate_label=np.asarray(new.labels[:rows], dtype=np.float64),
    )
    chosen = list(segments(champion.contract, encoded, min_rows=_MIN_SEGMENT_ROWS))
    found = ScoreDifferences(**compare_scores(problem, scores, chosen, error=typical_error(champion)))
    return AcceptedDifference(
        champion=champion.sha256,
        disagreement_percent=min(100.0, found.disagreement_percent.at_most),
        score_psi=found.stability_index.at_most,
        mean_difference=found.mean_shift.at_most,
        segment_difference=max((segment.mean_shift.at_most for segment in found.segments), default=0.0),
    )
