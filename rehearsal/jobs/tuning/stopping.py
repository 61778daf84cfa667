"""Which training jobs a search stops before their end, by what they report of the objective while they run.

A job is compared with jobs that had ended before it was asked for, never with those beside it: whether it is stopped
hangs on no job being quicker than another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

_REDUCTION = 3
"""Hyperband's: of the jobs that reach a rung, one in three goes on to the next, three times as far."""
Reports = Sequence[float]
"""What one job has reported of the objective, in the order of its lines."""


class Stopping(Protocol):
    def stops_after(self, reports: Reports, earlier: Sequence[Reports], *, maximize: bool) -> int | None:
        """The number of reports after which a job is stopped; None where it may go on."""


class MedianStopping:
    """A job is stopped when it does worse than the median of the running averages of earlier jobs, at equal length.

    Source: "Stop Training Jobs Early" in SageMaker's guide.
    """

    def stops_after(self, reports: Reports, earlier: Sequence[Reports], *, maximize: bool) -> int | None:
        """The first report that is worse."""
        for count, value in enumerate(reports, 1):
            averages = [sum(each[:count]) / count for each in earlier if len(each) >= count]
            if averages and _worse(value, median(averages), maximize=maximize):
                return count
        return None


@dataclass(frozen=True)
class HyperbandStopping:
    """A job goes on at a rung only as one of the best third there; none goes on beyond `max_resource` reports.

    How SageMaker divides its jobs among Hyperband's brackets is not documented; here there is one bracket.
    """

    min_resource: int
    max_resource: int

    def stops_after(self, reports: Reports, earlier: Sequence[Reports], *, maximize: bool) -> int | None:
        """The first rung at which two thirds of the earlier jobs were better, or the last report there may be."""
        rung = self.min_resource
        while rung < min(len(reports) + 1, self.max_resource):
            there = [each[rung - 1] for each in earlier if len(each) >= rung]
            better = sum(_worse(reports[rung - 1], value, maximize=maximize) for value in there)
            if len(there) >= _REDUCTION - 1 and better > (len(there) + 1) / _REDUCTION:
                return rung
            rung *= _REDUCTION
        return self.max_resource if len(reports) >= self.max_resource else None


def _worse(value: float, than: float, *, maximize: bool) -> bool:
    return value < than if maximize else value > than
