"""How often a new fleet that is as good as the old one is promoted: what its test may be expected to prove."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from statistics import NormalDist

from slipway.canary.config import AnalysedMetric, Tolerances
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.non_inferiority import NonInferiority, normal_quantile
from slipway.canary.statistics.streams import BEYOND_TOLERANCE, Stream, streams

_EXPECTED_RATIO = 0.25
"""Of requests above 1.5 times the 90th percentile against those above it: between 0.1 and 0.4 for usual services."""
_NORMAL = NormalDist()


@dataclass(frozen=True)
class ExpectedBake:
    """Requests that are expected of both fleets in one bake, until the test is due."""

    green_requests: float
    blue_requests: float


def promoted_share(
    tolerances: Tolerances,
    bakes: Sequence[ExpectedBake],
    *,
    error_rate: float | None = None,
    proven: Sequence[AnalysedMetric] = (),
    dispersion: float = 1.0,
) -> float:
    """Share, 0..1, of good models that the test promotes: each stream's normal approximation, as if independent.

    Args:
        tolerances: of the test.
        bakes: before it.
        error_rate: of both fleets; `expected_error_rate` if not given.
        proven: metrics that another comparison has proven, so that the test does not need them.
        dispersion: that the test is expected to find in errors, whether or not it is there.
    """
    rate = tolerances.expected_error_rate if error_rate is None else error_rate
    known = [bake for bake in bakes if bake.green_requests > 0 and bake.blue_requests > 0]
    if not known or sum(bake.green_requests for bake in known) < tolerances.min_requests:
        return 0.0
    needed = [s for s in streams(tolerances) if s.test.non_inferiority and s.metric not in proven]
    found = {stream: dispersion if stream.metric == "errors" else 1.0 for stream in needed}
    return prod(_proven_share(tolerances, stream, known, rate, found[stream]) for stream in needed)


def _proven_share(
    tolerances: Tolerances, stream: Stream, bakes: Sequence[ExpectedBake], error_rate: float, dispersion: float
) -> float:
    test = stream.test.non_inferiority or NonInferiority()
    blue = error_rate if stream.metric == "errors" else stream.test.prior_rate
    green = _EXPECTED_RATIO * blue if stream.name == BEYOND_TOLERANCE else blue
    strata = [
        Counts(b.green_requests, green * b.green_requests, b.blue_requests, blue * b.blue_requests) for b in bakes
    ]
    error = tolerances.false_promotion_rate
    # The test's distance is in standard errors at its border; it varies by those of the fleets as they are.
    border, actual = float(test.border_error(strata)), sqrt(_variance(bakes, green, blue) + _noise(tolerances, stream))
    distance = float(test.standard_errors(strata, dispersion, error=error))
    reach = (distance - normal_quantile(error)) * border / actual
    share = _NORMAL.cdf(reach)
    return max(0.0, 2 * share - 1) if test.two_sided else share


def _variance(bakes: Sequence[ExpectedBake], green: float, blue: float) -> float:
    """Of the difference of the shares, weighted as the test does."""
    weights = [b.green_requests * b.blue_requests / (b.green_requests + b.blue_requests) for b in bakes]
    each = (green * (1 - green) / b.green_requests + blue * (1 - blue) / b.blue_requests for b in bakes)
    return sum(w**2 * v for w, v in zip(weights, each, strict=True)) / sum(weights) ** 2


def _noise(tolerances: Tolerances, stream: Stream) -> float:
    """The models' own ranks of their scores are estimates."""
    share = stream.test.prior_rate
    return share * (1 - share) / tolerances.baseline_rows if stream.metric == "scores" else 0.0
