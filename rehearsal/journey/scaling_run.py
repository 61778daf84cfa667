"""The users of an asynchronous endpoint leave and come back: its instances end, requests wait, and an alarm starts one.

All times of the result are the endpoint's own: the laptop's, times the speed.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.journey.phases import PhaseLog
from rehearsal.journey.rollout_following import POLL_SECONDS
from rehearsal.journey.rollout_result import LaunchTarget
from slipway.settings import Settings

_SUCCESSFUL = "Successful"


@dataclass
class ScalingRun:
    """Filled while it happens; times in seconds, None where something did not happen.

    Attributes:
        to_zero_seconds: from the last request's response to no instance.
        from_zero_seconds: from the first request that found none to the first response.
        counts: what became of the requests meanwhile.
        changes: Application Auto Scaling's successful activities since the endpoint was created, the oldest first.
    """

    to_zero_seconds: float | None = None
    from_zero_seconds: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """For `report.json`."""
        return {
            "to_zero_seconds": self.to_zero_seconds,
            "from_zero_seconds": self.from_zero_seconds,
            "requests": self.counts,
            "changes": self.changes,
        }

    @property
    def line(self) -> str:
        """For the terminal."""
        if self.to_zero_seconds is None:
            return "some instances stayed without requests"
        answered = "never" if self.from_zero_seconds is None else f"after {self.from_zero_seconds:,} s"
        return (
            f"no instance after {self.to_zero_seconds:,} s without requests; the next request was answered {answered}"
        )

    @property
    def shortcomings(self) -> list[str]:
        """What did not go as it should."""
        if self.to_zero_seconds is None:
            return ["an empty queue should leave no instance, but some stayed"]
        if self.from_zero_seconds is None:
            return ["requests that wait should start an instance, but none answered"]
        lost = [f"{self.counts[name]} {name}" for name in ("failed", "dropped") if self.counts[name]]
        return [f"every request that waited for an instance must be answered, got {each}" for each in lost]


def scales_to_zero(settings: Settings) -> bool:
    """Whether the endpoint's instances follow a queue down to none."""
    scaled = settings.endpoint.scaled_between
    return bool(settings.endpoint.facts.waits and scaled and scaled[0] == 0)


def scale_to_zero_and_back(
    target: LaunchTarget, run: ScalingRun, *, speed: float, seconds: float, phase: PhaseLog
) -> None:
    """Wait for no instance, then send requests until one is answered; `seconds` is the limit of each in real time."""
    began, traffic = time.monotonic(), target.traffic
    if _reached(lambda: _instances(target) == 0, seconds, lambda: phase.show(f"{_instances(target)} instances")):
        run.to_zero_seconds = round((time.monotonic() - began) * speed)
        phase.log(f"no request for {run.to_zero_seconds} s of the endpoint's time: no instance is left")
        before, began = traffic.snapshot(), time.monotonic()
        traffic.start()
        answered = _reached(
            lambda: traffic.snapshot().since(before).answered > 0,
            seconds,
            lambda: phase.show(f"{traffic.snapshot().since(before).in_flight} requests wait"),
        )
        run.from_zero_seconds = round((time.monotonic() - began) * speed) if answered else None
        traffic.stop()
        counts = traffic.snapshot().since(before)
        run.counts = {
            "sent": counts.sent,
            "answered": counts.answered,
            "failed": counts.failed,
            "dropped": counts.dropped,
        }
        if answered:
            phase.log(
                f"an alarm has started an instance: the first response after {run.from_zero_seconds} s of its time"
            )
            phase.log(f"{counts.answered:,} of {counts.sent:,} requests that came meanwhile are answered")
    run.changes = _changes(target)


def _reached(condition: Callable[[], bool], seconds: float, show: Callable[[], None]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        show()
        time.sleep(POLL_SECONDS)
    return True


def _instances(target: LaunchTarget) -> int:
    described = target.aws.client("sagemaker").describe_endpoint(EndpointName=target.endpoint)
    return sum(int(variant["CurrentInstanceCount"]) for variant in described["ProductionVariants"])


def _changes(target: LaunchTarget) -> list[dict[str, Any]]:
    pages = target.aws.client("application-autoscaling").get_paginator("describe_scaling_activities")
    found = [
        _change(each)
        for page in pages.paginate(ServiceNamespace="sagemaker")
        for each in page["ScalingActivities"]
        if each["StatusCode"] == _SUCCESSFUL
    ]
    return found[::-1]


def _change(activity: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": activity["StartTime"].isoformat(timespec="milliseconds"),
        "what": activity["StatusMessage"],
        "cause": activity["Cause"],
    }
