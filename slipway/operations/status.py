"""Everything an operator asks first, in one look."""

from dataclasses import dataclass
from datetime import datetime

from slipway.operations import endpoint_state as endpoints
from slipway.operations import executions
from slipway.operations.audit_log import AuditLog
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.endpoint_state import AlarmNow, EndpointNow
from slipway.operations.executions import Execution
from slipway.operations.hold import Hold
from slipway.operations.registry import PENDING, Package, packages
from slipway.rollout.audit import Entry
from slipway.rollout.steps import Outcome, Step

_RECENT = 5
_RECENT_ENTRIES = 50
_HOLDING = ("pause", "resume")


@dataclass(frozen=True)
class UnderWay:
    """`step` is None where it has only just begun."""

    execution: Execution
    step: Step | None


@dataclass(frozen=True)
class Status:
    endpoint: EndpointNow | None
    since: datetime | None
    """When the rollout of what serves ended, or else when its config was made."""
    under_way: list[UnderWay]
    """Oldest first: the others wait for it."""
    alarms: list[AlarmNow]
    """Of the new fleet, or of the live one if there is no other."""
    sentence: str | None
    hold: str
    held_by: Entry | None
    """The newest entry of the audit log that has to do with the hold."""
    awaiting_approval: list[Package]
    recent: list[Execution]


def status(site: DeployedStage) -> Status:
    """Ask the account; changes nothing."""
    endpoint = endpoints.look(site)
    recent = executions.recent(site, _RECENT)
    under_way = [UnderWay(each, executions.step_of(site, each)) for each in executions.running(site)]
    entries = AuditLog.of(site).entries(newest=_RECENT_ENTRIES)
    fleet = endpoint and (endpoint.pending or endpoint.live)
    return Status(
        endpoint=endpoint,
        since=_since(endpoint, recent),
        under_way=under_way,
        alarms=endpoints.alarms(site, fleet.config) if fleet else [],
        sentence=_last_sentence(entries),
        hold=Hold(site.client("ssm"), site.names.hold_parameter).read(),
        held_by=next((entry for entry in reversed(entries) if _says_why(entry)), None),
        awaiting_approval=packages(site, approval=PENDING),
        recent=recent,
    )


def _since(endpoint: EndpointNow | None, recent: list[Execution]) -> datetime | None:
    if endpoint is None or endpoint.live is None:
        return None
    ends = [e.ended for e in recent if e.outcome == Outcome.PROMOTED and e.package == endpoint.live.package and e.ended]
    # A later execution for the same package found it live already: the first one brought it.
    return min(ends) if ends else endpoint.live.made


def _says_why(entry: Entry) -> bool:
    """An intention has the reason; its outcome, the entry behind it, has none."""
    return entry.get("action") in _HOLDING and "reason" in entry["detail"]


def _last_sentence(entries: list[Entry]) -> str | None:
    details = (entry.get("detail", {}) for entry in reversed(entries))
    return next((str(detail["sentence"]) for detail in details if detail.get("sentence")), None)
