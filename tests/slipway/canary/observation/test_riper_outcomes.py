"""Simulated rollouts whose buyers are reported of minutes after everybody else: the old fleet's outcomes are riper."""

import random
from datetime import UTC, datetime

import pytest

from slipway.canary.config import Tolerances, ValueBounds
from slipway.canary.observation.outcomes import JoinedOutcomes
from slipway.canary.statistics.means import MeanState
from tests.slipway.canary.observation.fleets import FLEETS, NEW, NOON, OLD

BOUNDS = ValueBounds(-2.0, 5.5)
ENOUGH = Tolerances(watches_value=True).log_rollback
BEFORE, LATER, POLL, CAPTURED = 300, 300, 30, 60
"""Seconds; there is one request in each."""
CANARY, LINEAR = ((0.25, 900),), ((0.25, 300), (0.5, 300), (0.75, 300))


def share_at(second, shares):
    """Of the users on the new fleet, which takes its first ones after the old one has answered for a while."""
    since = BEFORE
    for share, seconds in shares:
        if since <= second < since + seconds:
            return share
        since += seconds
    return 0.0


def objects(rng, shares, buying):
    """Captures by fleet and minute, outcomes every poll; by arrival, in seconds since the deployment began."""
    arriving = {}
    for at in range(BEFORE + sum(seconds for _, seconds in shares)):
        package = NEW if rng.random() < share_at(at, shares) else OLD
        bought = rng.random() < buying[package]
        reported = at + rng.randrange(10, 30) + LATER * bought
        when = f"{datetime.fromtimestamp(NOON + at, UTC):%Y-%m-%dT%H:%M:%SZ}"
        about = f'"inferenceId": "{at}", "inferenceTime": "{when}", "customAttributes": ["model_package={package}"]'
        lines = arriving.setdefault(at // CAPTURED * CAPTURED + CAPTURED, {}).setdefault(package, [])
        lines.append(f'{{"eventMetadata": {{{about}}}}}')
        lines = arriving.setdefault(reported // POLL * POLL + POLL, {}).setdefault("outcomes", [])
        lines.append(f'{{"inference_id": "{at}", "value": {5.5 if bought else -2.0}}}')
    return arriving


def is_rolled_back(seed, shares, horizon, **buying):
    """Whether the value alone sends one rollout back before its bake ends."""
    rng = random.Random(seed)  # noqa: S311
    arriving = objects(rng, shares, {NEW: buying["green"], OLD: buying["blue"]})
    joined, state = JoinedOutcomes(NOON), MeanState.start()
    for now in range(0, BEFORE + sum(seconds for _, seconds in shares), POLL):
        joined.green, joined.blue = [], []
        for kind, lines in arriving.get(now, {}).items():
            if kind == "outcomes":
                joined.add_outcomes("\n".join(lines), arrived=NOON + now)
            else:
                joined.add_captures("\n".join(lines), FLEETS)
        joined.count_due(horizon, until=NOON + now)
        state = state.observe(BOUNDS, joined.green, joined.blue)
        if state.log_regression >= ENOUGH:
            return True
    return False


def share_rolled_back(rollouts, *given, **buying):
    return sum(is_rolled_back(seed, *given, **buying) for seed in range(rollouts)) / rollouts


@pytest.mark.parametrize(("shares", "horizon", "rollouts"), [(CANARY, 400, 40), (CANARY, 180, 20), (LINEAR, 400, 20)])
def test_equal_fleets_go_on(shares, horizon, rollouts):
    """Whether the buyers' outcomes come within the horizon or after it."""
    assert share_rolled_back(rollouts, shares, horizon, green=0.3, blue=0.3) <= 0.01


@pytest.mark.parametrize("shares", [CANARY, LINEAR])
def test_a_loss_is_found(shares):
    assert share_rolled_back(10, shares, 400, green=0.05, blue=0.3) >= 0.9
