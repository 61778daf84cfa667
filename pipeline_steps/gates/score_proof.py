"""Whether the replay proves what the canary would have to: that both models' scores lie alike by their own ranks.

The canary compares shares of scores in the upper half and in the tails, each by the ranks of the fleet's own model.
Here both models have scored the same requests, so the differences of each request count, and what users are like plays
no part: it takes a few hundred requests instead of thousands.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.baseline.baseline import ScoreRanks
from pipeline_steps.gates.confidence_bounds import quantile_of_normal
from pipeline_steps.gates.score_differences import PairedScores, by_request

_FEWEST_REQUESTS = 200
_BATCHES = 20
"""Neighbouring requests may be alike: the differences' error is that of the means of so many batches too."""


@dataclass(frozen=True)
class ScoreProof:
    """What the canary tolerates: `limit` of both shares, and how often a model beyond it may pass."""

    limit: float
    error: float


@dataclass(frozen=True)
class ScoreShares:
    """How far the candidate's shares lie from the champion's at most, and from how many requests; nan: unknown."""

    at_most: float
    requests: int


def score_shares(
    scores: PairedScores, champion: ScoreRanks | None, candidate: ScoreRanks | None, *, error: float
) -> ScoreShares:
    """The bound of the share that differs the most."""
    requests = len(np.unique(scores.request))
    if champion is None or candidate is None or requests < _FEWEST_REQUESTS:
        return ScoreShares(math.nan, requests)
    old, new = (each.astype(np.float32) for each in (scores.champion, scores.candidate))
    differences = (
        candidate.upper_half(new) - champion.upper_half(old),
        candidate.tails(new) - champion.tails(old),
    )
    bounds = [_at_most(by_request(each, scores.request), error=error) for each in differences]
    return ScoreShares(max(bounds), requests)


def _at_most(values: NDArray[np.float64], *, error: float) -> float:
    """Bound the absolute mean from above, with `error` on the side on which it is."""
    batches = np.array([batch.mean() for batch in np.array_split(values, _BATCHES)])
    independent = float(values.std(ddof=1)) / math.sqrt(len(values))
    dependent = float(batches.std(ddof=1)) / math.sqrt(_BATCHES)
    # No difference in so many is not none in all.
    least = -math.log(error) / len(values)
    return abs(float(values.mean())) + max(quantile_of_normal(error) * max(independent, dependent), least)
