"""Differences between candidate and champion in a replay: what was found, and the least that it proves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline_steps.gates.confidence_bounds import quantile_bounds, share_at_least
from pipeline_steps.gates.exchanges import Exchange, ReplayScores
from pipeline_steps.gates.replay_segments import Segment
from pipeline_steps.gates.score_differences import ERROR, Bounded, ScoreDifferences, compare_scores
from pipeline_steps.gates.score_scale import Compared

_TAIL_REQUESTS = 10


@dataclass(frozen=True)
class Latency:
    """One percentile of both models' latencies, and the candidate's ratio to the champion."""

    percentile: float
    champion_ms: float
    candidate_ms: float
    ratio: Bounded


@dataclass(frozen=True, kw_only=True)
class ReplayMetrics(ScoreDifferences):
    """What the responses add to the differences of the scores."""

    error_percent: Bounded
    latency: tuple[Latency, ...]

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


def measure_replay(
    problem: Compared,
    exchanges: Sequence[Exchange],
    scores: ReplayScores,
    segments: Sequence[Segment],
    *,
    rounds: int,
    error: float = 0.0,
) -> ReplayMetrics:
    """Measure everything that the gate has limits for; the other arguments are those of `compare_scores`."""
    failed = 1 - float(scores.scored.mean())
    return ReplayMetrics(
        error_percent=Bounded(100 * failed, 100 * share_at_least(failed, len(exchanges), error=ERROR)),
        latency=_latencies(exchanges, rounds),
        **compare_scores(problem, scores, segments, error=error),
    )


def _latencies(exchanges: Sequence[Exchange], rounds: int) -> tuple[Latency, ...]:
    """The median of each request's own ratio, and the 99th percentiles' once ten requests lie above them.

    In a single round the slowest requests are those that met a busy machine.
    """
    both = np.array([[exchange.champion.seconds, exchange.candidate.seconds] for exchange in exchanges])
    if not len(both):
        return ()
    ratios = both[:, 1] / both[:, 0]
    ratio = Bounded(float(np.median(ratios)), max(0.0, quantile_bounds(ratios, 0.5, error=ERROR)[0]))
    champion, candidate = (1000 * float(value) for value in np.median(both, axis=0))
    found = [Latency(50, champion, candidate, ratio)]
    if len(both) >= _TAIL_REQUESTS * 100 and rounds > 1:
        champion, candidate = (float(value) for value in np.quantile(both, 0.99, axis=0))
        slowest = quantile_bounds(both[:, 0], 0.99, error=ERROR)[1]
        at_least = max(0.0, quantile_bounds(both[:, 1], 0.99, error=ERROR)[0] / slowest)
        found.append(Latency(99, 1000 * champion, 1000 * candidate, Bounded(candidate / champion, at_least)))
    return tuple(found)
