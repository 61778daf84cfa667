"""When an experiment is decided: at its planned size, estimated from the outcomes so far, or at its longest time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class ExpectedEnd:
    """`expected` is None as long as no outcome has been counted."""

    outcomes_left: int
    expected: datetime | None
    latest: datetime


def expected_end(report: Mapping[str, Any], *, max_days: int) -> ExpectedEnd:
    """By the report of the newest poll: outcomes are expected to arrive as fast as they have since the first ones."""
    begun = datetime.fromtimestamp(report["begun"], UTC)
    latest = begun + timedelta(days=max_days)
    left = max(report["planned_size"] - report["outcomes"], 0)
    counted = [(datetime.fromisoformat(moment["at"]), sum(moment["outcomes"])) for moment in report["history"]]
    before = max((at for at, outcomes in counted if not outcomes), default=begun)
    at, outcomes = counted[-1] if counted else (before, 0)
    if not outcomes or at <= before:
        return ExpectedEnd(left, None, latest)
    return ExpectedEnd(left, min(at + left / outcomes * (at - before), latest), latest)
