"""The alarm on the new fleet's errors as a use case gets it, minute by minute of simulated rollouts."""

import numpy as np
from numpy.typing import NDArray

from slipway.canary.statistics.evidence import Decision
from slipway.cloudwatch import AlarmState, alarm_rule, evaluate
from slipway.cloudwatch.metric_math import calculate
from slipway.rollout.new_fleet_alarms import LEAST_ERRORS, new_fleet_alarms
from slipway.settings import Rollout
from slipway.simulation.analysed_rollouts import SimulatedResults
from slipway.simulation.analysis import MINUTE
from slipway.simulation.service import Floats
from slipway.simulation.traffic import Block

_REQUESTS = {"requests": "requests", "errors": "requests", "all_requests": "all_requests", "all_errors": "all_requests"}
"""The requests that each query of the alarm counts among."""


class ErrorAlarm:
    """`ServerErrors` and `ModelErrors`, which count the same failed responses here; the first is never off."""

    def __init__(self, rollout: Rollout | None = None) -> None:
        made = new_fleet_alarms(rollout or Rollout(), endpoint_name="simulated", config_name="new", package_arn="new")
        self._rule = alarm_rule(made["ServerErrors"])
        self.period_minutes = self._rule.period_seconds // MINUTE
        self.periods = self._rule.evaluation_range
        """Datapoints that it evaluates: some may be missing."""

    def datapoints(self, requests: Floats, failed: Floats, all_requests: Floats, all_failed: Floats) -> Floats:
        """What it watches of one period, a row a rollout; nan without a request to the new fleet.

        Rollouts stand in for periods: the expression uses one period at a time. What cannot breach counts as 0.
        """
        found = np.where(requests > 0, 0.0, np.nan)  # what it is with fewer errors, which is nearly always
        # It is the share of errors, or 0 where they are too few or no more than the old fleet's.
        some = (failed >= LEAST_ERRORS) & (failed / np.maximum(requests, 1.0) > self._rule.threshold)
        if some.any():
            found[some] = self._calculated(*(of[some] for of in (requests, failed, all_requests, all_failed)))
        return found

    def _calculated(self, requests: Floats, failed: Floats, all_requests: Floats, all_failed: Floats) -> Floats:
        counted = {"requests": requests, "errors": failed, "all_requests": all_requests, "all_errors": all_failed}
        known = {
            query.id: [
                value if some else None
                for value, some in zip(counted[query.id].tolist(), counted[_REQUESTS[query.id]] > 0, strict=True)
            ]
            for query in self._rule.queries
            if query.metric
        }
        expressions = {query.id: query.expression for query in self._rule.queries if query.expression}
        wanted, period = self._rule.returned_query.id, self._rule.period_seconds
        found = calculate(wanted, expressions=expressions, metrics=known, length=len(requests), period=period)
        return np.array([np.nan if value is None else value for value in found])

    def goes_off(self, datapoints: Floats) -> NDArray[np.bool_]:
        """Whether it does now, a row a rollout that it has not gone off in, by [periods, rollouts], the newest last."""
        fired = np.zeros(datapoints.shape[1], dtype=bool)
        # Nothing but a datapoint that breaches sets it off: missing ones are notBreaching.
        for number in np.flatnonzero([self._rule.breaches(value) for value in datapoints[-1].tolist()]):
            points = [None if np.isnan(value) else value for value in datapoints[:, number].tolist()]
            fired[number] = evaluate(self._rule, points, AlarmState.INSUFFICIENT_DATA) is AlarmState.ALARM
        return fired


class SimulatedErrorAlarm:
    """When the alarm goes off first in each rollout, and what the new fleet has answered by then.

    CloudWatch evaluates it every minute, and its periods end at that minute, however long they are.
    """

    def __init__(self, alarm: ErrorAlarm, rollouts: int) -> None:
        self.seconds, self.green_requests = np.full(rollouts, np.inf), np.zeros(rollouts)
        self._alarm = alarm
        self._minute = np.zeros((4, rollouts))
        self._minutes: list[Floats] = []
        self._datapoints: list[Floats] = []

    def see(self, block: Block, chosen: NDArray[np.int_], green_requests: Floats) -> None:
        """One more block of the `chosen` rollouts, after which the new fleet has answered `green_requests`."""
        green, blue = block.green, block.blue
        both = green.requests + blue.requests, green.failed + blue.failed
        self._minute[:, chosen] += green.requests, green.failed, *both
        if block.end_second % MINUTE:
            return
        step = self._alarm.period_minutes
        self._minutes = [*self._minutes, self._minute][-step:]
        self._minute = np.zeros_like(self._minute)
        newest = np.full(len(self.seconds), np.nan)
        newest[chosen] = self._alarm.datapoints(*np.sum(self._minutes, axis=0)[:, chosen])
        self._datapoints = [*self._datapoints, newest][-step * self._alarm.periods :]
        evaluated = np.array(self._datapoints[::-1][::step][::-1])[:, chosen]
        fired = self._alarm.goes_off(evaluated) & np.isinf(self.seconds[chosen])
        self.seconds[chosen[fired]] = block.end_second
        self.green_requests[chosen[fired]] = green_requests[fired]

    def before(self, analysed: SimulatedResults) -> SimulatedResults:
        """The rollback of the alarm or the analysis, whichever is first."""
        first = self.seconds < analysed.seconds
        return SimulatedResults(
            np.where(first, int(Decision.ROLL_BACK), analysed.decisions),
            np.where(first, self.seconds, analysed.seconds),
            np.where(first, self.green_requests, analysed.green_requests),
        )
