"""One rollout: approve a package, follow it to its verdict, count what the users saw."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.endpoints.traffic import Promptness, Traffic, TrafficSnapshot
from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.journey.fleet_metrics import invocations
from rehearsal.journey.phases import Phase
from rehearsal.journey.starvation import INCONCLUSIVE, starvation
from slipway.canary.statistics.decision import Verdict
from slipway.errors import LaunchError
from slipway.rollout.audit import Entry

FIRST = "first"
"""The type of an endpoint's first rollout."""
_POLL_SECONDS = 0.25
_START_SECONDS = 30.0
_METRICS_SECONDS = 3.0


@dataclass(frozen=True)
class RolloutTarget:
    """Where rollouts happen: the account, the endpoint, its state machine and its users."""

    aws: EmbeddedAws
    endpoint: str
    state_machine_arn: str
    traffic: Traffic


@dataclass
class Rollout:
    """A row of `report.json`'s rollouts, and the moments its picture marks.

    What the traffic generator counts is known of each rollout, also of one that was cut off. What only the embedded AWS
    counts (`exposed`, `failed_by_new_fleet`) is None until it was read, after the rollout's end.
    """

    model_package: str
    fault: str | None
    type: str
    verdict: str = "none"
    by: str | None = None
    requests: int = 0
    exposed: int | None = None
    failed: int = 0
    failed_by_new_fleet: int | None = None
    dropped: int = 0
    not_sent: int = 0
    late_p99_ms: float = 0.0
    seconds: float = 0.0
    started_at: float = 0.0
    ended_at: float = 0.0
    config: str | None = None
    reason: str = ""
    proven: bool | None = None
    """Whether the canary analysis has proven a promoted model safe; None where there was nothing to prove it beside."""
    alarms: list[str] = field(default_factory=list)
    moments: list[tuple[float, str]] = field(default_factory=list)

    @property
    def is_judged(self) -> bool:
        """Whether users met the new fleet beside an old one."""
        return self.type != FIRST and self.config is not None

    @property
    def is_cut_off(self) -> bool:
        """Whether the rehearsal ended before the rollout did: an interrupt, a limit, an embedded AWS that has ended."""
        return self.verdict == "none" and self.failed_by_new_fleet is None

    @property
    def verdict_in_words(self) -> str:
        """The verdict in words."""
        return "cut off" if self.is_cut_off else self.verdict.replace("_", " ")

    def row(self) -> dict[str, Any]:
        kept = (
            "model_package",
            "fault",
            "type",
            "verdict",
            "proven",
            "by",
            "requests",
            "exposed",
            "failed",
            "failed_by_new_fleet",
            "dropped",
            "not_sent",
            "late_p99_ms",
            "seconds",
        )
        return {name: getattr(self, name) for name in kept}


def roll_out(pad: RolloutTarget, rollout: Rollout, *, first: bool, phase: Phase) -> None:
    """Approve its package and wait for the verdict of the deployed state machine; `rollout` is filled as it goes.

    Raises:
        LaunchError: the approval started no rollout, or the rollout ended without a verdict.
    """
    package_arn, rollout.started_at = rollout.model_package, time.time()
    before = pad.traffic.snapshot()
    try:
        pad.aws.client("sagemaker").update_model_package(ModelPackageArn=package_arn, ModelApprovalStatus="Approved")
        execution = _execution_of(pad, package_arn)
        _follow(pad, execution, rollout, phase)
        if first:
            _first_requests(pad)
    finally:
        users = _count_users(pad, rollout, before)
    rollout.exposed = min(_counted(pad, rollout, "Invocations"), rollout.requests)  # the smoke test is no user
    rollout.failed_by_new_fleet = _failed_by_new_fleet(pad, rollout)
    _conclude(pad, execution, rollout)
    if rollout.is_judged and (busy := starvation(users)):
        rollout.reason = f"{busy}; it ended {rollout.verdict_in_words}"
        rollout.verdict = INCONCLUSIVE


def _count_users(pad: RolloutTarget, rollout: Rollout, before: TrafficSnapshot) -> Promptness:
    """Fill in what the users themselves know, which needs no embedded AWS."""
    users, counts = pad.traffic.promptness(before), pad.traffic.snapshot().since(before)
    rollout.ended_at = time.time()
    rollout.seconds = round(rollout.ended_at - rollout.started_at, 3)
    rollout.requests, rollout.failed, rollout.dropped = counts.sent, counts.failed, counts.dropped
    rollout.not_sent, rollout.late_p99_ms = users.not_sent, users.late_p99_ms
    return users


def note_proof(rollouts: Iterable[Rollout], audit: Iterable[Entry]) -> None:
    """Say of each promoted model whether it was proven safe, or went live for lack of evidence, as the audit has it."""
    promoted = {entry["subject"]: entry["detail"] for entry in audit if entry["action"] == "promoted"}
    for rollout in rollouts:
        if rollout.is_judged and "verdict" in (detail := promoted.get(rollout.model_package, {})):
            rollout.proven = detail["verdict"] == Verdict.PROMOTE
            rollout.reason = rollout.reason or detail["sentence"]


def _execution_of(pad: RolloutTarget, package_arn: str) -> str:
    """The state machine's execution that the approval's event started."""
    states = pad.aws.client("stepfunctions")
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for execution in states.list_executions(stateMachineArn=pad.state_machine_arn)["executions"]:
            arn: str = execution["executionArn"]
            if package_arn in states.describe_execution(executionArn=arn)["input"]:
                return arn
        time.sleep(_POLL_SECONDS)
    raise LaunchError(f"approving {package_arn} started no rollout within {_START_SECONDS:.0f} s")


def _follow(pad: RolloutTarget, execution: str, rollout: Rollout, phase: Phase) -> None:
    watch = _Watch(pad, rollout, phase)
    while pad.aws.client("stepfunctions").describe_execution(executionArn=execution)["status"] == "RUNNING":
        watch.look()
        time.sleep(_POLL_SECONDS)
    watch.look()


class _Watch:
    """Looks at the endpoint and its alarms as an operator would, and notes each change once."""

    def __init__(self, pad: RolloutTarget, rollout: Rollout, phase: Phase) -> None:
        self._pad, self._rollout, self._phase = pad, rollout, phase
        self._status = ""
        self._blue: str | None = None
        self._looked = False
        self._back = False
        self._gates: str | None = None

    def look(self) -> None:
        endpoint = _describe_endpoint(self._pad)
        config = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName") or endpoint.get(
            "EndpointConfigName"
        )
        if not self._looked:
            self._looked, self._blue = True, endpoint.get("EndpointConfigName")
        if config and config != self._blue and self._rollout.config is None:
            self._rollout.config = config
        if self._gates is None and (said := _gates_verdict(self._pad, since=self._rollout.started_at)):
            self._gates = said
            self._phase.log(f"gates: {said}")
        status = _phase(endpoint)
        if status != self._status:
            self._status = status
            self._note(status)
        if self._rollout.config and not self._back:
            self._alarms(self._rollout.config)
            if self._rollout.alarms and config != self._rollout.config:
                self._back = True
                self._note("rolled back")
        users = self._pad.traffic.snapshot()
        self._phase.show(f"{status}; users: {users.answered} answered, {users.failed} failed, {users.dropped} dropped")

    def _alarms(self, config: str) -> None:
        found = self._pad.aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=config, StateValue="ALARM")[
            "MetricAlarms"
        ]
        for alarm in sorted(found, key=lambda alarm: alarm["StateUpdatedTimestamp"]):
            if alarm["AlarmName"] not in self._rollout.alarms:
                self._rollout.alarms.append(alarm["AlarmName"])
                self._rollout.moments.append((alarm["StateUpdatedTimestamp"].timestamp(), "alarm"))
                self._phase.log(f"alarm {alarm['AlarmName']}: {alarm['StateReason']}")

    def _note(self, text: str) -> None:
        self._rollout.moments.append((time.time(), text))
        self._phase.log(text)


def _describe_endpoint(pad: RolloutTarget) -> dict[str, Any]:
    sagemaker = pad.aws.client("sagemaker")
    try:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=pad.endpoint)
    except sagemaker.exceptions.ClientError:
        return {}
    return found


def _gates_verdict(pad: RolloutTarget, *, since: float) -> str | None:
    """What the gates' job has said; None before it has ended."""
    sagemaker = pad.aws.client("sagemaker")
    jobs = sagemaker.list_processing_jobs(
        NameContains=f"{pad.endpoint}-gates-",
        CreationTimeAfter=datetime.fromtimestamp(since, UTC),
        StatusEquals="Completed",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ProcessingJobSummaries"]
    if not jobs:
        return None
    ended: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=jobs[0]["ProcessingJobName"])
    return ended.get("ExitMessage")


def _phase(endpoint: dict[str, Any]) -> str:
    if not endpoint:
        return "no endpoint yet"
    pending = endpoint.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    states = [s["Status"] for variant in pending for s in variant.get("VariantStatus", [])]
    return f"{endpoint['EndpointStatus']} ({states[-1]})" if states else str(endpoint["EndpointStatus"])


def _first_requests(pad: RolloutTarget, count: int = 40) -> None:
    """The endpoint's first users; from here on they keep coming."""
    pad.traffic.start()
    wanted = pad.traffic.snapshot().sent + count
    while pad.traffic.snapshot().sent < wanted:
        time.sleep(_POLL_SECONDS)


def _failed_by_new_fleet(pad: RolloutTarget, rollout: Rollout) -> int:
    """Of the users' failed requests, those of the new fleet; its last metrics may still be on their way."""
    deadline = time.monotonic() + _METRICS_SECONDS
    while True:
        found = _counted(pad, rollout, "InvocationModelErrors")
        if found >= rollout.failed or time.monotonic() > deadline:
            return min(found, rollout.failed)
        time.sleep(_POLL_SECONDS)


def _counted(pad: RolloutTarget, rollout: Rollout, metric: str) -> int:
    """The sum of a metric of the new fleet since the rollout began."""
    if rollout.config is None:
        return 0
    counts = invocations(pad.aws, endpoint=pad.endpoint, config=rollout.config, since=rollout.started_at, metric=metric)
    return int(sum(count for _, count in counts))


def _conclude(pad: RolloutTarget, execution: str, rollout: Rollout) -> None:
    """Read the verdict from the registry and the endpoint, not from what the state machine says of itself."""
    ended = pad.aws.client("stepfunctions").describe_execution(executionArn=execution)
    package = pad.aws.client("sagemaker").describe_model_package(ModelPackageName=rollout.model_package)
    rollout.reason = package.get("ApprovalDescription", "")
    if ended["status"] == "SUCCEEDED" and package["ModelApprovalStatus"] == "Approved":
        rollout.verdict = "promoted"
    elif ended.get("error") == "Refused":
        rollout.verdict, rollout.by = "refused", _refused_by(pad, execution)
    elif package["ModelApprovalStatus"] == "Rejected":
        rollout.verdict = "rolled_back"
        # Several alarms may have fired; the endpoint's own reason names the one that sent the traffic back.
        named = [alarm for alarm in rollout.alarms if alarm in rollout.reason]
        rollout.by = next(iter(named or rollout.alarms), None)
    else:
        cause = ended.get("cause") or json.dumps(ended.get("output"))
        where = f"in its state {_last_state(pad, execution)}, without a verdict"
        raise LaunchError(f"the rollout of {rollout.model_package} ended {ended['status']} {where}: {cause}")


def _last_state(pad: RolloutTarget, execution: str) -> str:
    """The state that calls a function or a service and was entered last: what failed there ended the execution."""
    pages = pad.aws.client("stepfunctions").get_paginator("get_execution_history")
    events = (event for page in pages.paginate(executionArn=execution, reverseOrder=True) for event in page["events"])
    entered = (event["stateEnteredEventDetails"]["name"] for event in events if event["type"] == "TaskStateEntered")
    return next(entered, "(none)")


def _refused_by(pad: RolloutTarget, execution: str) -> str | None:
    """Which gate it was, from what the execution's last states were given."""
    pages = pad.aws.client("stepfunctions").get_paginator("get_execution_history")
    for page in pages.paginate(executionArn=execution, reverseOrder=True, includeExecutionData=True):
        for event in page["events"]:
            given = json.loads(event.get("stateEnteredEventDetails", {}).get("input") or "{}")
            if by := given.get("failure", {}).get("by"):
                return str(by)
    return None
