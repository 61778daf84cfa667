"""How far two models' predictions of the same rows lie apart: what was found, and the least that it proves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.baseline.drift import stability_index
from pipeline_steps.gates.confidence_bounds import mean_at_least, resampled_at_least, share_at_least
from pipeline_steps.gates.label_agreement import labels_differ
from pipeline_steps.gates.replay_segments import Segment
from pipeline_steps.gates.score_scale import Compared, ScoreScale, score_scale

ERROR = 0.01
"""The chance that a candidate exactly at a limit is refused for it; the segments share one such chance."""

SAME_NUMBER = 0.1
"""Labels that are numbers agree within this share of the champion's range: no two models give the same number."""

_CELLS = 200


@dataclass(frozen=True)
class PairedScores:
    """Both models' scores and labels, a row each; `request` numbers the request that a row came with."""

    request: NDArray[np.int64]
    champion: NDArray[np.float64]
    candidate: NDArray[np.float64]
    champion_label: NDArray[np.float64]
    candidate_label: NDArray[np.float64]


@dataclass(frozen=True)
class Bounded:
    """`at_least` is the lower confidence bound, which limits are compared with."""

    found: float
    at_least: float

    @property
    def at_most(self) -> float:
        """The upper bound of the size, as far from it as the lower one."""
        return 2 * abs(self.found) - self.at_least


@dataclass(frozen=True)
class SegmentShift:
    column: str
    value: str
    rows: int
    mean_shift: Bounded
    stability_index: float


@dataclass(frozen=True, kw_only=True)
class ScoreDifferences:
    """Shares are in percent; a mean shift is in units of the score's range, its sign the direction.

    `unit` is the width of that range, `unit_of` says whose it is where the problem has none ("" where it has).
    """

    disagreement_percent: Bounded
    stability_index: Bounded
    distance: Bounded
    """How far the two models' scores lie apart, each in its own order: the mean move that turns one into the other."""
    mean_shift: Bounded
    segments: tuple[SegmentShift, ...]
    unit: float = 1.0
    unit_of: str = ""
    numbers: bool = False
    """Whether labels are numbers, which agree within `tolerance`."""
    tolerance: float = 0.0


def compare_scores(
    problem: Compared, scores: PairedScores, segments: Sequence[Segment], *, error: float = 0.0
) -> dict[str, Any]:
    """Give what `ScoreDifferences` holds; `segments` select among the rows of `scores`.

    `error` is the champion's own, of numbers: within it no number is another.

    A request counts once, however many rows it brings: its rows may be alike, and one large request proves little.
    """
    scale, numbers = score_scale(problem, scores.champion), problem.label_kind == "number"
    tolerance = max(SAME_NUMBER * scale.unit, error)
    differs = labels_differ(problem.label_kind, scores.champion_label, scores.candidate_label, tolerance=tolerance)
    disagreeing = by_request(differs.astype(np.float64), scores.request)
    disagreement = float(disagreeing.mean()) if len(disagreeing) else 0.0
    differences = (scores.candidate - scores.champion) / scale.unit
    several = ERROR / max(1, len(segments))
    return {
        "disagreement_percent": Bounded(
            100 * disagreement, 100 * share_at_least(disagreement, len(disagreeing), error=ERROR)
        ),
        "stability_index": _index(scores, scale),
        "distance": _distance(scores, scale),
        "mean_shift": _mean(differences, scores.request, error=ERROR),
        "segments": tuple(
            SegmentShift(
                column=segment.column,
                value=segment.value,
                rows=int(segment.rows.sum()),
                mean_shift=_mean(differences[segment.rows], scores.request[segment.rows], error=several),
                stability_index=_index_of(scores.champion[segment.rows], scores.candidate[segment.rows], scale),
            )
            for segment in segments
        ),
        "unit": scale.unit,
        "unit_of": scale.of,
        "numbers": numbers,
        "tolerance": tolerance if numbers else 0.0,
    }


def by_request(values: NDArray[np.float64], requests: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average the rows of each request."""
    _, numbers, rows = np.unique(requests, return_inverse=True, return_counts=True)
    return np.bincount(numbers, weights=values, minlength=len(rows)) / rows


def _mean(differences: NDArray[np.float64], requests: NDArray[np.int64], *, error: float) -> Bounded:
    values = by_request(differences, requests)
    found = float(values.mean()) if len(values) else 0.0
    return Bounded(found, mean_at_least(values, error=error))


def _index(scores: PairedScores, scale: ScoreScale) -> Bounded:
    """The index of all requests, bounded by resampling them."""
    if not len(scores.request):
        return Bounded(0.0, 0.0)
    requests, numbers = np.unique(scores.request, return_inverse=True)
    tables = []
    for bins in (scale.count_bins(scores.champion), scale.count_moved(scores.champion, scores.candidate)):
        table = np.zeros((len(requests), scale.bins))
        np.add.at(table, (numbers, bins), 1)
        tables.append(table / table.sum(axis=1, keepdims=True))

    def index(draws: NDArray[np.int64]) -> float:
        return stability_index(draws @ tables[0], draws @ tables[1])

    once = np.ones(len(requests), dtype=np.int64)
    return Bounded(index(once), resampled_at_least(index, len(requests), error=ERROR))


def _distance(scores: PairedScores, scale: ScoreScale) -> Bounded:
    """The area between the distributions of all requests' scores, in units of the scale; bounded like the index."""
    if not len(scores.request):
        return Bounded(0.0, 0.0)
    requests, numbers = np.unique(scores.request, return_inverse=True)
    both = np.concatenate([scores.champion, scores.candidate])
    edges = np.linspace(both.min(), both.max(), _CELLS + 1)
    more = np.zeros((len(requests), _CELLS))
    for values, sign in ((scores.champion, 1), (scores.candidate, -1)):
        np.add.at(more, (numbers, np.searchsorted(edges[1:-1], values, side="right")), sign)
    more /= np.bincount(numbers)[:, None]
    width = (edges[1] - edges[0]) / scale.unit

    def distance(draws: NDArray[np.int64]) -> float:
        return float(np.abs(np.cumsum(draws @ more)).sum() * width / draws.sum())

    once = np.ones(len(requests), dtype=np.int64)
    return Bounded(distance(once), resampled_at_least(distance, len(requests), error=ERROR))


def _index_of(champion: NDArray[np.float64], candidate: NDArray[np.float64], scale: ScoreScale) -> float:
    before, after = scale.count_bins(champion), scale.count_moved(champion, candidate)
    return stability_index(*(np.bincount(bins, minlength=scale.bins) for bins in (before, after)))
