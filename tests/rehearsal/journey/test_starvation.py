"""When a rollout's end is put down to a busy machine."""

import pytest

from rehearsal.endpoints.load_generator import Promptness
from rehearsal.journey.starvation import starvation


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (Promptness(due=1000, not_sent=0, late_p99_ms=30.0), None),
        (Promptness(due=1000, not_sent=10, late_p99_ms=100.0), None),
        (Promptness(due=0, not_sent=0, late_p99_ms=0.0), None),
        (Promptness(due=1000, not_sent=11, late_p99_ms=5.0), "11 of 1000 requests that were due could not be sent"),
        (Promptness(due=1000, not_sent=0, late_p99_ms=130.2), "one request in a hundred was sent 130 ms late or later"),
    ],
)
def test_users_that_are_late_or_do_not_come_show_a_busy_machine(users: Promptness, expected: str | None) -> None:
    found = starvation(users)
    assert (found is None) == (expected is None)
    assert expected is None or f"this machine was busy: {expected}" in str(found)
