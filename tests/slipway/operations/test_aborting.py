"""An abort, whatever the rollout does meanwhile: in an account in memory, on a clock of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from slipway.errors import LaunchError
from slipway.operations.aborting import Abort
from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError
from slipway.operations.polling import Polling
from slipway.rollout.steps import Kind, RolloutStep
from slipway.settings.names import Names

GROUP = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev"
OLD, NEW, LATER = (f"{GROUP}/{version}" for version in (1, 2, 3))
BESIDE = " beside "
BEGAN = datetime(2026, 11, 29, tzinfo=UTC).timestamp()


class Log:
    """An audit log in memory."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def last(self) -> dict[str, Any] | None:
        return self.entries[-1] if self.entries else None

    def put(self, _sequence: int, body: bytes) -> bool:
        self.entries.append(json.loads(body))
        return True


@dataclass
class Running:
    """An execution that runs, and its current step."""

    package: str
    step: RolloutStep
    kind: Kind = Kind.APPROVAL
    ended: dict[str, str] | None = None


@dataclass
class Stage:
    """A stage with an endpoint that serves `live` and is being updated to `pending`, and every client of it.

    A config has the name of the package that it serves, and of its shadow's after that.
    """

    live: str
    pending: str = ""
    executions: list[Running] = field(default_factory=list)
    pause: str = "go"
    now: float = 0.0
    meanwhile: Callable[["Stage"], None] = lambda _: None
    """What happens in every wait."""
    decisions: list[str] = field(default_factory=list)
    """The configs whose fleets were decided against."""
    pauses: list[str] = field(default_factory=list)
    log: Log = field(default_factory=Log)
    names: Names = field(default_factory=lambda: Names("shoppers", "dev"))
    rollout_function: str = "shoppers-dev-rollout"

    def client(self, _service: str) -> "Client":
        return Client(self)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile(self)

    def abort(self) -> str:
        polling = Polling(timeout_seconds=60, clock=lambda: self.now, sleep=self.sleep)
        stage: Any = self
        log: Any = self.log
        recorder = Recorder(log, "Ada", warn=pytest.fail)
        return Abort(stage, recorder, lambda _: None, polling).run(reason="wrong offers")

    @property
    def phases(self) -> list[str]:
        return [entry["detail"]["phase"] for entry in self.log.entries]


class Client:
    """Any service of the stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._action = stage, ""

    def get_paginator(self, action: str) -> "Client":
        self._action = action
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        s = self._stage
        listed = [{"DurableExecutionArn": str(n)} for n, each in enumerate(s.executions) if each.ended is None]
        pages = {
            "list_versions_by_function": {"Versions": [{"Version": "1"}]},
            "list_durable_executions_by_function": {"DurableExecutions": listed},
            "describe_alarms": {
                "MetricAlarms": [
                    {
                        "AlarmName": f"{given.get('AlarmNamePrefix')}CanaryDecision",
                        "StateValue": "OK",
                        "MetricName": "CanaryDecision",
                    }
                ]
            },
        }
        return [pages[self._action]]

    def get_durable_execution(self, *, DurableExecutionArn: str) -> dict[str, Any]:  # noqa: N803
        found = self._stage.executions[int(DurableExecutionArn)]
        return {
            "InputPayload": json.dumps({"ModelPackageArn": found.package, "Kind": found.kind}),
            "Result": json.dumps(found.ended or {}),
            "Status": "SUCCEEDED" if found.ended else "RUNNING",
            "StartTimestamp": datetime.fromtimestamp(BEGAN + int(DurableExecutionArn), UTC),
        }

    def get_durable_execution_history(self, *, DurableExecutionArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Events": [{"Name": self._stage.executions[int(DurableExecutionArn)].step.value}]}

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        s = self._stage
        found: dict[str, Any] = {"EndpointStatus": "InService", "EndpointConfigName": s.live}
        if s.pending:
            found |= {"EndpointStatus": "Updating", "PendingDeploymentSummary": {"EndpointConfigName": s.pending}}
        return found

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        package, _, shadow = EndpointConfigName.partition(BESIDE)
        shadows = {"ShadowProductionVariants": [{"ModelName": shadow}]} if shadow else {}
        return {"ProductionVariants": [{"ModelName": package}], **shadows}

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:  # noqa: N803
        return {"Containers": [{"ModelPackageName": ModelName}]}

    def put_metric_data(self, *, MetricData: list[dict[str, Any]], **_: str) -> None:  # noqa: N803
        (datum,) = MetricData
        self._stage.decisions.append(
            {each["Name"]: each["Value"] for each in datum["Dimensions"]}["EndpointConfigName"]
        )

    def get_parameter(self, **_: str) -> dict[str, Any]:
        if not self._stage.pause:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": ""}}, "GetParameter")
        return {"Parameter": {"Value": self._stage.pause}}

    def put_parameter(self, *, Value: str, **_: Any) -> None:  # noqa: N803
        self._stage.pause = Value
        self._stage.pauses.append(Value)


def updating(stage: Stage) -> None:
    """SageMaker ends the update as it would without an alarm."""
    if stage.now > 5:
        stage.live, stage.pending = stage.pending or stage.live, ""


def test_an_abort_that_comes_too_late_is_refused() -> None:
    stage = Stage(OLD, NEW, [Running(NEW, RolloutStep.WATCH)], meanwhile=updating)
    with pytest.raises(RefusedError, match=rf"the abort came too late: {NEW} serves all requests"):
        stage.abort()
    assert stage.phases == ["intended", "failed"]
    assert set(stage.decisions) == {NEW}


def test_an_abort_gives_up_in_the_end() -> None:
    stage = Stage(OLD, NEW, [Running(NEW, RolloutStep.WATCH)])
    with pytest.raises(LaunchError, match="the rollout has not ended 60 s after the abort"):
        stage.abort()
    assert stage.now > 60


def test_a_restore_is_not_aborted() -> None:
    stage = Stage(NEW, OLD, [Running(NEW, RolloutStep.WATCH)])
    with pytest.raises(RefusedError, match="the rollout of version 2 is being rolled back already, to version 1"):
        stage.abort()
    assert (stage.phases, stage.decisions) == ([], [])


def test_an_abort_ends_the_rollback_that_passed_a_paused_rollout() -> None:
    def back(stage: Stage) -> None:
        if stage.decisions:
            stage.pending = ""

    paused, rollback = Running(LATER, RolloutStep.PAUSED), Running(OLD, RolloutStep.WATCH, Kind.ROLLBACK)
    stage = Stage(NEW, OLD, [paused, rollback], pause="paused", meanwhile=back)
    assert stage.abort() == f"the endpoint is back on {NEW}"
    assert (stage.log.entries[0]["subject"], stage.log.entries[0]["detail"]["execution"]) == (OLD, "1")
    assert (set(stage.decisions), stage.pauses) == ({OLD}, [])


@pytest.mark.parametrize(
    ("before", "after"), [("go", "go"), ("paused", "paused"), (f"abort {NEW}7", "paused")], ids=["go", "paused", "left"]
)
def test_a_rollout_before_its_update_is_rejected_and_the_pause_stays_as_it_was(before: str, after: str) -> None:
    """What an interrupted abort left lets every rollout wait: they still do after the value is restored."""

    def rejected(stage: Stage) -> None:
        if stage.pause == f"abort {NEW}":
            stage.executions[0].ended = {"outcome": "rejected", "reason": "an operator aborted it"}

    stage = Stage(OLD, executions=[Running(NEW, RolloutStep.PAUSED)], pause=before, meanwhile=rejected)
    assert stage.abort() == "the rollout ended rejected: an operator aborted it"
    assert stage.pauses == [f"abort {NEW}", after]
    assert stage.phases == ["intended", "done"]


@pytest.mark.parametrize(
    ("live", "pending", "step"),
    [
        (OLD, f"{OLD}{BESIDE}{NEW}", RolloutStep.WAIT_FOR_SHADOW),
        (f"{OLD}{BESIDE}{NEW}", "", RolloutStep.SHADOW),
        (f"{OLD}{BESIDE}{NEW}", OLD, RolloutStep.WAIT_FOR_LEAVE),
    ],
    ids=["being added", "being compared", "being removed"],
)
def test_a_shadow_is_rejected_and_no_update_of_what_users_are_served_is_rolled_back(
    live: str, pending: str, step: RolloutStep
) -> None:
    def removed(stage: Stage) -> None:
        if stage.pause == f"abort {NEW}" and stage.now > 10:
            stage.live, stage.pending = OLD, ""
            stage.executions[0].ended = {"outcome": "rejected", "reason": "an operator aborted it"}

    stage = Stage(live, pending, [Running(NEW, step)], meanwhile=removed)
    assert stage.abort() == "the rollout ended rejected: an operator aborted it"
    assert (stage.decisions, stage.pauses) == ([], [f"abort {NEW}", "go"])
