"""How experiments end, simulated: `python -m benchmarks.experiment [--experiments N] [--seed S] [--json]`.

A fixed split and a bandit with one plan, beside two ways that SciPy's Welch test is often used: at each period of a
split until it is significant, and on the pooled rewards of a bandit. Regret is counted over the same requests for all:
after its end, an experiment's winner serves the rest.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from slipway.experiment.experiment_plan import ExperimentPlan, Mode
from slipway.experiment.rewards import Rewards, by_arm
from slipway.simulation.experiments import Audience, SimulatedExperiments, periods_until, run_experiments
from slipway.simulation.service import Floats

HORIZON = 3
"""Requests over which regret is counted, in planned sizes of the bandit."""


@dataclass(frozen=True)
class Cell:
    """A plan's audience: `lifts` are the challengers' true differences, in effects of the plan."""

    name: str
    plan: ExperimentPlan
    lifts: tuple[float, ...]
    requests_per_second: float = 1.0
    swings: bool = False
    lag_periods: int = 1

    def audience(self) -> Audience:
        means = (self.plan.expected, *(self.plan.expected + lift * self.plan.effect for lift in self.lifts))
        return Audience(
            means,
            round(self.requests_per_second * 3600),
            daily_rise=0.8 if self.swings else 0.0,
            daily_swing=0.5 if self.swings else 0.0,
            lag_periods=self.lag_periods,
        )


def _plan(expected: float, effect: float, **changes: Any) -> ExperimentPlan:
    two = ExperimentPlan("split", "yes_no", "two_sided", 2, expected, 0.0, effect)
    return replace(two, **changes)


_BASE, _LOW, _HALF = _plan(0.05, 0.005), _plan(0.01, 0.002), _plan(0.5, 0.02)
_THREE = _plan(0.05, 0.005, arms=4)
_MARGIN = _plan(0.05, 0.005, test="non_inferiority")
_VALUE = _plan(10.0, 0.5, reward="value", spread=20.0)
CELLS = (
    Cell("5 %: no difference", _BASE, (0,)),
    Cell("5 %: better by the effect", _BASE, (1,)),
    Cell("5 %: better by 3 effects", _BASE, (3,)),
    Cell("5 %: worse by 3 effects", _BASE, (-3,)),
    Cell("5 %: no difference, by day and night", _BASE, (0,), swings=True),
    Cell("5 %: better by the effect, by day and night", _BASE, (1,), swings=True),
    Cell("5 %: better by the effect, outcomes a day late", _BASE, (1,), lag_periods=24),
    Cell("5 %: better by the effect, 0.2 requests/s", _BASE, (1,), requests_per_second=0.2),
    Cell("5 %: better by the effect, 5 requests/s", _BASE, (1,), requests_per_second=5.0),
    Cell("1 %: no difference", _LOW, (0,)),
    Cell("1 %: better by the effect", _LOW, (1,)),
    Cell("50 %: no difference", _HALF, (0,), requests_per_second=0.2),
    Cell("50 %: better by the effect", _HALF, (1,), requests_per_second=0.2),
    Cell("5 %, 3 challengers: no difference", _THREE, (0, 0, 0)),
    Cell("5 %, 3 challengers: one better by the effect", _THREE, (0, 0, 1)),
    Cell("5 %, no worse: worse by the margin", _MARGIN, (-1,)),
    Cell("5 %, no worse: no difference", _MARGIN, (0,)),
    Cell("value 10 of 20: no difference", _VALUE, (0,)),
    Cell("value 10 of 20: better by the effect", _VALUE, (1,)),
)


@dataclass(frozen=True)
class Ended:
    """A row an experiment: the winner, the period in which it was decided, and the regret by then."""

    winners: NDArray[np.int_]
    periods: NDArray[np.int_]
    regrets: Floats


Way = Callable[[Cell, int, int], Ended]


def _slipways(mode: Mode) -> Way:
    def way(cell: Cell, experiments: int, seed: int) -> Ended:
        found = _run(cell, mode, experiments, seed)
        return Ended(found.winners, np.full(experiments, len(found.periods)), found.regrets)

    return way


def _peeking(cell: Cell, experiments: int, seed: int) -> Ended:
    """A split that ends at the first period after which SciPy's test is significant, or else at the planned size."""
    found = _run(cell, "split", experiments, seed)
    winners, periods = np.zeros(experiments, int), np.full(experiments, len(found.periods))
    regrets, sums = found.regrets.copy(), [Rewards()] * cell.plan.arms
    going, best = np.ones(experiments, bool), max(cell.audience().means)
    lost = np.array([best - mean for mean in cell.audience().means])
    for number, period in enumerate(found.periods, 1):
        sums = [before + new for before, new in zip(sums, period, strict=True)]
        won = _welch_winners(cell.plan, sums)
        ends = going & (won > 0)
        winners[ends], periods[ends] = won[ends], number
        regrets[ends] = (np.stack([np.asarray(arm.count) for arm in sums], axis=1) @ lost)[ends]
        going &= ~ends
    return Ended(winners, periods, regrets)


def _pooled(cell: Cell, experiments: int, seed: int) -> Ended:
    """A bandit that SciPy's test decides on its rewards as if its weights had stood still."""
    found = _run(cell, "thompson", experiments, seed)
    winners = _welch_winners(cell.plan, by_arm(found.periods, cell.plan.arms))
    return Ended(winners, np.full(experiments, len(found.periods)), found.regrets)


def _welch_winners(plan: ExperimentPlan, arms: Sequence[Rewards]) -> NDArray[np.int_]:
    from scipy import stats  # noqa: PLC0415 -- a second, which tests of the simulation alone should not wait for

    means, deviations, counts = zip(*map(_described, arms), strict=True)
    border = 0.0 if plan.test == "two_sided" else plan.effect
    differences = np.full((len(counts[0]), plan.arms), -np.inf)
    for arm in range(1, plan.arms):
        with np.errstate(invalid="ignore", divide="ignore"):
            tested = stats.ttest_ind_from_stats(
                means[arm] + border, deviations[arm], counts[arm], means[0], deviations[0], counts[0], equal_var=False
            )
        error = plan.error if plan.test == "two_sided" else 2 * plan.error
        won = (tested.pvalue < error) & (tested.statistic > 0)
        differences[:, arm] = np.where(won, means[arm] - means[0], -np.inf)
    return np.where(np.isinf(differences.max(axis=1)), 0, differences.argmax(axis=1))


def _described(arm: Rewards) -> tuple[Floats, Floats, Floats]:
    count = np.asarray(arm.count)
    deviation = np.sqrt(np.asarray(arm.scatter) / np.maximum(count - 1, 1))
    return np.asarray(arm.mean), deviation, count


@lru_cache(maxsize=2)  # a split and a bandit, each decided in two ways
def _run(cell: Cell, mode: Mode, experiments: int, seed: int) -> SimulatedExperiments:
    rng = np.random.default_rng([seed, crc32(cell.name.encode()), int(mode == "split")])
    return run_experiments(replace(cell.plan, mode=mode), cell.audience(), experiments=experiments, rng=rng)


WAYS: dict[str, Way] = {
    "split": _slipways("split"),
    "thompson": _slipways("thompson"),
    "split, SciPy's Welch test each period": _peeking,
    "thompson, SciPy's Welch test of pooled rewards": _pooled,
}


def row(cell: Cell, way: str, *, experiments: int, seed: int) -> dict[str, Any]:
    """Shares of the winners, how long it took, and the regret over a common number of requests."""
    ended, audience = WAYS[way](cell, experiments, seed), cell.audience()
    most = HORIZON * periods_until(replace(cell.plan, mode="thompson").planned_size, audience)
    requests = np.cumsum([0, *(audience.requests(number) for number in range(most))])
    means = np.array(audience.means)
    after = (requests[most] - requests[ended.periods]) * (means.max() - means[ended.winners])
    best = set(np.flatnonzero(means == means.max()).tolist()) - {0}
    is_better = bool(best) and means.max() > means[0]
    accepted = means >= means[0] - (cell.plan.effect * 0.999 if cell.plan.test == "non_inferiority" else 0.0)
    good = accepted if cell.plan.test == "non_inferiority" else means > means[0]
    false = (ended.winners > 0) & ~good[ended.winners]
    return {
        "cell": cell.name,
        "way": way,
        "experiments": experiments,
        "false_winners": float(np.mean(false)),
        "right_winners": float(np.mean(np.isin(ended.winners, sorted(best)))) if is_better else None,
        "challenger_won": float(np.mean(ended.winners > 0)),
        "days": float(np.mean(ended.periods)) / audience.periods_per_day,
        "regret_in_experiment": float(np.mean(ended.regrets)),
        "regret": float(np.mean(ended.regrets + after)),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| cell | way | a challenger won | false winners | days | regret in the experiment | regret over all |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {each['cell']} | {each['way']} | {each['challenger_won']:.1%} | {each['false_winners']:.1%} "
            f"| {each['days']:.1f} | {each['regret_in_experiment']:,.0f} | {each['regret']:,.0f} |"
            for each in rows
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [row(cell, way, experiments=given.experiments, seed=given.seed) for cell in CELLS for way in WAYS]
    sys.stdout.write(json.dumps(rows, indent=1) + "\n" if given.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
