"""The status of a stage's endpoint and its rollouts, read from the account."""

from dataclasses import dataclass
from datetime import datetime

from slipway.operations import executions, experiments
from slipway.operations.audit_log import AuditLog
from slipway.operations.deployed_endpoint import DeployedEndpoint, FleetAlarm, describe_endpoint, fleet_alarms
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.executions import Execution
from slipway.operations.experiments import ExperimentStatus
from slipway.operations.model_registry import PENDING, Package, packages
from slipway.operations.pausing import PauseParameter
from slipway.rollout.audit import Entry
from slipway.rollout.steps import Outcome, RolloutStep

_RECENT = 5
_RECENT_ENTRIES = 50
_PAUSE_ACTIONS = ("pause", "resume")


@dataclass(frozen=True)
class RunningRollout:
    """`step` is None if it has only just begun."""

    execution: Execution
    step: RolloutStep | None


@dataclass(frozen=True)
class Status:
    endpoint: DeployedEndpoint | None
    since: datetime | None
    """When the rollout of what serves ended, or else when its config was created."""
    under_way: list[RunningRollout]
    """Oldest first: the others wait for it."""
    alarms: list[FleetAlarm]
    """Of the new fleet, or of the live one if there is no other."""
    canary_analysis: str | None
    """The last reason in the audit log."""
    pause: str
    paused_by: Entry | None
    """The newest entry of the audit log about a pause."""
    awaiting_approval: list[Package]
    recent: list[Execution]
    experiment: ExperimentStatus | None
    """The one under way."""


def status(stage: DeployedStage) -> Status:
    """Read the account; changes nothing."""
    endpoint = describe_endpoint(stage)
    recent = executions.recent(stage, _RECENT)
    entries = AuditLog.of(stage).entries(newest=_RECENT_ENTRIES)
    fleet = endpoint and (endpoint.pending or endpoint.live)
    return Status(
        endpoint=endpoint,
        since=_since(endpoint, recent),
        under_way=[RunningRollout(each, executions.step_of(stage, each)) for each in executions.running(stage)],
        alarms=fleet_alarms(stage, fleet.config) if fleet else [],
        canary_analysis=_last_analysis(entries),
        pause=PauseParameter.of(stage).read(),
        paused_by=next((entry for entry in reversed(entries) if _is_about_pause(entry)), None),
        awaiting_approval=packages(stage, approval=PENDING),
        recent=recent,
        experiment=experiments.under_way(stage),
    )


def _since(endpoint: DeployedEndpoint | None, recent: list[Execution]) -> datetime | None:
    if endpoint is None or endpoint.live is None:
        return None
    ends = [e.ended for e in recent if e.outcome == Outcome.PROMOTED and e.package == endpoint.live.package and e.ended]
    # A later execution for the same package found it live already: the first one rolled it out.
    return min(ends) if ends else endpoint.live.created


def _is_about_pause(entry: Entry) -> bool:
    """An intention has the reason; the entry of its outcome has none."""
    return entry.get("action") in _PAUSE_ACTIONS and "reason" in entry["detail"]


def _last_analysis(entries: list[Entry]) -> str | None:
    details = (entry.get("detail", {}) for entry in reversed(entries))
    return next((str(detail["explanation"]) for detail in details if detail.get("explanation")), None)
