"""Rollouts of the real controller on a virtual clock, shown as a table: what DescribeEndpoint and the bus show."""

import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.endpoints.deployment_loop import run_deployment
from rehearsal.endpoints.endpoint_environment import EndpointEnvironment, EndpointEvents
from rehearsal.endpoints.endpoint_state import EndpointState
from rehearsal.endpoints.endpoint_update import EndpointUpdate
from rehearsal.endpoints.http_client import HttpClient
from rehearsal.endpoints.report_data import Timeline
from rehearsal.endpoints.router import Router
from rehearsal.endpoints.serving_fleet import ServingFleet, ServingVariant
from rehearsal.endpoints.supervisor import DeploymentActions
from slipway.errors import LaunchError
from slipway.rollout.plan import RolloutState, plan_from_deployment_config

INSTANCES, START_SECONDS, BAKE, FINAL_BAKE, TIMEOUT = 4, 90.0, 300, 120, 1800
ALARMS = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "new-fleet-errors"}]}}


def _size(percent: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": percent}


def _blue_green(**routing: Any) -> dict[str, Any]:
    policy = {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": FINAL_BAKE,
        "MaximumExecutionTimeoutInSeconds": TIMEOUT,
    }
    return {"BlueGreenUpdatePolicy": policy, **ALARMS}


DEPLOYMENTS: Mapping[str, dict[str, Any]] = {
    "all_at_once": _blue_green(Type="ALL_AT_ONCE", WaitIntervalInSeconds=0),
    "canary": _blue_green(Type="CANARY", WaitIntervalInSeconds=BAKE, CanarySize=_size(25)),
    "linear": _blue_green(Type="LINEAR", WaitIntervalInSeconds=BAKE, LinearStepSize=_size(25)),
    "rolling": {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": _size(25),
            "WaitIntervalInSeconds": BAKE,
            "MaximumExecutionTimeoutInSeconds": TIMEOUT,
            "RollbackMaximumBatchSize": _size(50),
        },
        **ALARMS,
    },
}


@dataclass
class Story:
    """What happens: when the alarm fires, how the new fleet starts, whether the old one answers by then."""

    deployment: dict[str, Any]
    alarm_at: float = float("inf")
    start_seconds: float = START_SECONDS
    start_error: str | None = None
    old_fleet_dies_at: float = float("inf")
    clock: float = 0.0
    rows: list[tuple[str, ...]] = field(default_factory=list)


class VirtualFleet(ServingFleet):
    """Servers that take virtual time to start, and may be gone."""

    def __init__(self, name: str, story: Story) -> None:
        server: Any = None
        variant = ServingVariant("primary", 1.0, INSTANCES, "ml.m5.large", "repo:1", server)
        super().__init__(name, [variant])
        self._story = story

    def start(self, cancelled: threading.Event) -> None:
        assert not cancelled.is_set()
        if self._story.start_error is not None:
            raise LaunchError(self._story.start_error)
        self._story.clock += self._story.start_seconds

    def is_healthy(self, timeout_seconds: float) -> bool:
        assert timeout_seconds > 0
        return self.config_name != "blue" or self._story.clock < self._story.old_fleet_dies_at

    def stop(self) -> None:
        pass


class VirtualPorts:
    """The controller's ports: the real deployment, a virtual clock."""

    def __init__(self, story: Story, acts: DeploymentActions) -> None:
        self._story = story
        self.enter, self.entered, self.alarm = acts.enter, acts.entered, acts.alarm

    def intend(self, state: RolloutState) -> None:
        pass

    def now(self) -> float:
        return self._story.clock

    def sleep(self, seconds: float) -> None:
        self._story.clock = round(self._story.clock + max(seconds, 0.5), 6)


class WatchedRouter(Router):
    """Notes who gets which share of the users."""

    def __init__(self) -> None:
        super().__init__(HttpClient(), lambda _: None)
        self.users = "blue 100 %"

    def set_shares(self, shares: Any) -> None:
        super().set_shares(shares)
        self.users = ", ".join(
            f"{fleet.config_name} {share:.0%}".replace("%", " %") for fleet, share in shares if share > 0
        )


def trace(story: Story) -> str:
    """Roll out green over blue; a row an event, then how it stands at the end."""
    state, router = EndpointState("shop"), WatchedRouter()

    def on_event(kind: str, detail: Mapping[str, Any]) -> None:
        story.rows.append(_row(story.clock, kind, detail, router.users))

    with tempfile.TemporaryDirectory() as folder:
        events = EndpointEvents(state, Timeline(Path(folder) / "timeline.jsonl"), on_event)
        blue = VirtualFleet("blue", story)
        state.begin("Creating", _config("blue"), None)
        state.go_live(blue)
        state.settle("InService", "")
        router.set_shares([(blue, 1.0)])
        state.begin("Updating", _config("green"), story.deployment)
        events.status("Updating")
        _deployment(story, blue, state, router, events).run(_follow(story))
    return _table(story.rows, state.describe(), router.users)


def _deployment(
    story: Story, blue: ServingFleet, state: EndpointState, router: Router, events: EndpointEvents
) -> EndpointUpdate:
    return EndpointUpdate(
        blue=blue,
        make_fleet=lambda: VirtualFleet("green", story),
        plan=plan_from_deployment_config(story.deployment, instances=INSTANCES),
        state=state,
        router=router,
        environment=EndpointEnvironment(
            speed=1.0, alarm_state=lambda _: "ALARM" if story.clock >= story.alarm_at else "OK"
        ),
        events=events,
        cancelled=threading.Event(),
    )


def _follow(story: Story) -> Callable[[DeploymentActions], RolloutState]:
    plan = plan_from_deployment_config(story.deployment, instances=INSTANCES)
    return lambda acts: run_deployment(plan, VirtualPorts(story, acts), speed=1.0, began=0.0)


def _config(name: str) -> dict[str, Any]:
    variant = {"VariantName": "primary", "ModelName": name, "InitialInstanceCount": INSTANCES}
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


_HEAD = ("seconds", "event", "endpoint", "live config", "its variant", "new variant", "users before")
_KINDS = {
    "SageMaker Endpoint State Change": "Endpoint State Change",
    "SageMaker Endpoint Deployment State Change": "Deployment State Change",
}


def _row(clock: float, kind: str, detail: Mapping[str, Any], users: str) -> tuple[str, ...]:
    live = detail["ProductionVariants"][0]
    pending = detail.get("PendingDeploymentSummary", {}).get("ProductionVariants", [None])[0]
    new = _variant(pending) if pending else "-"
    return (
        f"{clock:.1f}",
        _KINDS[kind],
        detail["EndpointStatus"],
        detail["EndpointConfigName"],
        _variant(live),
        new,
        users,
    )


def _variant(variant: Mapping[str, Any]) -> str:
    status = variant.get("VariantStatus", [{"Status": "-"}])[0]["Status"]
    return f"{variant['CurrentInstanceCount']}/{variant['DesiredInstanceCount']} {status}"


def _table(rows: list[tuple[str, ...]], described: Mapping[str, Any], users: str) -> str:
    widths = [max(len(row[i]) for row in [_HEAD, *rows]) for i in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [_HEAD, *rows]]
    end = [
        f"in the end {described['EndpointStatus']} with {described['EndpointConfigName']}",
        f"users: {users}",
        *([f"reason: {described['FailureReason']}"] if "FailureReason" in described else []),
    ]
    return "\n".join(line.rstrip() for line in [*lines, "", *end]) + "\n"
