"""The alarm on the new fleet's errors as a use case gets it, minute by minute of a simulated rollout."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blueprint.alarms import AlarmState, VirtualClock
from blueprint.new_fleet_alarms import SERVICE_NAMESPACE, new_fleet_alarms
from blueprint.settings import Rollout
from blueprint.simulation.rollouts import Outcomes
from blueprint.simulation.service import Floats
from blueprint.simulation.traffic import Block
from blueprint.verdicts import Verdict

_PERIOD_SECONDS = 60


class ErrorAlarm:
    """`ServerErrors` and `ModelErrors`, which count the same failed answers here.

    Raises:
        ValueError: the settings ask for more than one minute, so that a minute alone cannot decide.
    """

    def __init__(self, rollout: Rollout | None = None) -> None:
        chosen = rollout or Rollout()
        if (window := chosen.alarm_period_seconds * chosen.alarm_periods) != _PERIOD_SECONDS:
            raise ValueError(f"alarm_period_seconds x alarm_periods must be {_PERIOD_SECONDS}, got {window}")
        described = new_fleet_alarms(chosen, endpoint_name="simulated", config_name="new", package_arn="new")
        self._goes_off = cache(lambda requests, failed: _goes_off(described["ServerErrors"], requests, failed))

    def goes_off(self, requests: Floats, failed: Floats) -> NDArray[np.bool_]:
        """Whether it does at the end of a minute, a row a rollout."""
        pairs = zip(requests.tolist(), failed.tolist(), strict=True)
        return np.array([self._goes_off(*pair) for pair in pairs], dtype=bool)


def _goes_off(described: Mapping[str, Any], requests: float, failed: float) -> bool:
    clock = VirtualClock([described])
    clock.advance(_PERIOD_SECONDS / 2)
    watched = [query["MetricStat"]["Metric"] for query in described["Metrics"] if "MetricStat" in query]
    for metric in watched if requests else ():
        total = requests if metric["MetricName"] == "Invocations" else failed
        clock.put(SERVICE_NAMESPACE, {**metric, "Value": total})  # watched by its sum alone
    clock.advance(_PERIOD_SECONDS / 2)
    return clock.state(described["AlarmName"]) is AlarmState.ALARM


class AlarmWatch:
    """Beside a judge: when the alarm goes off first in each rollout, and what the new fleet has answered by then."""

    def __init__(self, alarm: ErrorAlarm, rollouts: int) -> None:
        self.seconds, self.green_requests = np.full(rollouts, np.inf), np.zeros(rollouts)
        self._alarm = alarm
        self._minute = np.zeros((2, rollouts))

    def see(self, block: Block, chosen: NDArray[np.int_], green_requests: Floats) -> None:
        """One more block of the `chosen` rollouts, after which the new fleet has answered `green_requests`."""
        self._minute[:, chosen] += block.green.requests, block.green.failed
        if block.end_second % _PERIOD_SECONDS:
            return
        fired = self._alarm.goes_off(*self._minute[:, chosen]) & np.isinf(self.seconds[chosen])
        self.seconds[chosen[fired]] = block.end_second
        self.green_requests[chosen[fired]] = green_requests[fired]
        self._minute[:] = 0

    def before(self, judged: Outcomes) -> Outcomes:
        """Whoever is first sends the rollout back."""
        first = self.seconds < judged.seconds
        return Outcomes(
            np.where(first, int(Verdict.ROLL_BACK), judged.verdicts),
            np.where(first, self.seconds, judged.seconds),
            np.where(first, self.green_requests, judged.green_requests),
        )
