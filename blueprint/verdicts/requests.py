"""Requests of one block, as they were answered → the counts the judge reads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from blueprint.verdicts.plan import LATENCY_SHARES, SCORE_RANKS, TOLERANCE_SHARE, JudgePlan
from blueprint.verdicts.proportions import Counts, Floats


@dataclass(frozen=True)
class Reference:
    """What the block's requests are held against, all known before the block.

    Attributes:
        slow: blue's latency at its median, 90th and 99th percentile, from recent requests; in the requests' unit.
        green_ranks: the new model's scores at its own quantiles 0.1, 0.5, 0.9, from its baseline or its replay.
        blue_ranks: the same for the old model.
    """

    slow: tuple[float, ...]
    green_ranks: tuple[float, ...]
    blue_ranks: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.slow) != len(LATENCY_SHARES):
            raise ValueError(f"slow must hold {len(LATENCY_SHARES)} latencies, got {len(self.slow)}")
        if {len(self.green_ranks), len(self.blue_ranks)} != {len(SCORE_RANKS)}:
            raise ValueError(f"ranks must hold {len(SCORE_RANKS)} scores, got {self.green_ranks} and {self.blue_ranks}")


def reference(blue_latencies: Floats, green_scores: Floats, blue_scores: Floats) -> Reference:
    """The reference made of samples: blue's recent latencies, and both models' scores where they are known good."""
    slow = np.quantile(blue_latencies, [1 - share for share in LATENCY_SHARES])
    ranks = [tuple(float(q) for q in np.quantile(scores, SCORE_RANKS)) for scores in (green_scores, blue_scores)]
    return Reference(tuple(float(s) for s in slow), ranks[0], ranks[1])


@dataclass(frozen=True)
class Answers:
    """One fleet's answers in one block: failed requests, latencies of all, scores of those that have one."""

    failed: int
    latencies: Floats
    scores: Floats


def count(plan: JudgePlan, known: Reference, green: Answers, blue: Answers) -> Mapping[str, Counts]:
    """The block's counts for every stream of `plan`."""
    n_green, n_blue = len(green.latencies), len(blue.latencies)
    found = {"errors": Counts.of(n_green, green.failed, n_blue, blue.failed)}

    def slower(threshold: float, factor: float) -> Counts:
        slow_green, slow_blue = green.latencies > factor * threshold, blue.latencies > threshold
        return Counts.of(n_green, slow_green.sum(), n_blue, slow_blue.sum())

    for share, threshold in zip(LATENCY_SHARES, known.slow, strict=True):
        found[f"slow {share:g}"] = slower(threshold, plan.latency_noise)
    found["slow beyond tolerance"] = slower(known.slow[LATENCY_SHARES.index(TOLERANCE_SHARE)], plan.latency_tolerance)
    scored = len(green.scores), len(blue.scores)
    halves = (green.scores > known.green_ranks[1]).sum(), (blue.scores > known.blue_ranks[1]).sum()
    found["upper half"] = Counts.of(scored[0], halves[0], scored[1], halves[1])
    tails = _tails(green.scores, known.green_ranks), _tails(blue.scores, known.blue_ranks)
    found["tails"] = Counts.of(scored[0], tails[0], scored[1], tails[1])
    return found


def _tails(scores: Floats, ranks: tuple[float, ...]) -> int:
    return int(((scores < ranks[0]) | (scores > ranks[2])).sum())
