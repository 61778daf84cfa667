"""When a shadow is proven no worse, and when it is worse."""

from dataclasses import replace

import pytest

from slipway.canary.checkpoint import Checkpoint
from slipway.canary.config import Tolerances
from slipway.canary.shadow import decide_shadow
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Decision

TOLERANCES = Tolerances(watches_scores=False, watches_servers=False)
DAY = 86_400


def seen(requests: int, *, errors: int = 0, tests: int = 0) -> Checkpoint:
    """Requests of either model, of which the shadow answers so many with errors, and is as fast."""
    start = Checkpoint.start(TOLERANCES, endpoint_config="config", since=0.0)
    slow = Counts.of(requests, 0, requests, requests // 10)
    block = dict.fromkeys(start.evidence.states, slow) | {"errors": Counts.of(requests, errors, requests, 0)}
    return replace(start, evidence=start.evidence.observe(block), promotion_tests=tests)


@pytest.mark.parametrize(
    ("waited", "tests", "decision"),
    [(674, 0, Decision.EXTEND), (675, 0, Decision.PROMOTE), (700, 1, Decision.EXTEND), (1350, 1, Decision.PROMOTE)],
)
def test_it_is_proven_by_a_test_that_is_due_and_at_no_other_poll(waited: float, tests: int, decision: Decision) -> None:
    found = decide_shadow(seen(10_000, tests=tests), waited=waited, most_seconds=DAY)
    assert (found.decision, found.settled) == (decision, decision is Decision.PROMOTE)


def test_any_poll_finds_a_worse_one() -> None:
    found = decide_shadow(seen(300, errors=60), waited=30, most_seconds=DAY)
    assert (found.decision, found.settled) == (Decision.ROLL_BACK, True)


def test_tests_share_the_error_so_that_each_is_stricter_than_a_single_one() -> None:
    single = decide_shadow(seen(700), waited=600, most_seconds=600)
    assert single.decision is Decision.PROMOTE
    assert decide_shadow(seen(700), waited=DAY, most_seconds=DAY).decision is Decision.EXTEND


def test_what_is_missing_at_the_end_is_reported() -> None:
    found = decide_shadow(seen(40), waited=DAY, most_seconds=DAY)
    assert found.explanation.startswith("extend: 40 of at least 500 requests seen")
