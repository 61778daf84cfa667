"""The text output of `slipway rollout`."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from slipway.cli.experiment_text import experiment_lines
from slipway.rollout.pause import GO, PAUSED
from slipway.rollout.steps import PAUSING, WAITING
from slipway.rounding import counted

if TYPE_CHECKING:
    from slipway.operations.approving import Approval
    from slipway.operations.deployed_endpoint import Fleet, FleetAlarm
    from slipway.operations.executions import Execution
    from slipway.operations.status import Status
    from slipway.rollout.audit import Entry
    from slipway.rollout.steps import RolloutStep

_WIDTH = 17
_WAITS, _IS_PAUSED = "waits for the lock", "is paused"


def status_text(endpoint: str, found: "Status") -> str:
    return "".join(f"{name:<{_WIDTH}}{text}\n" for name, text in _status_lines(endpoint, found))


def _status_lines(endpoint: str, found: "Status") -> Iterator[tuple[str, str]]:
    yield from _endpoint_lines(endpoint, found)
    for place, each in enumerate(found.under_way):
        who = f"version {_version(each.execution.package)} since {_at(each.execution.started)}"
        doing = _doing(each.step, paused=found.pause != GO)
        # A rollback to an earlier model passes a rollout that is paused.
        yield "behind it" if place and doing in (_WAITS, _IS_PAUSED) else "rollout", f"{who}: {doing}"
    for alarm in found.alarms:
        yield "alarm", _alarm(alarm)
    if found.canary_analysis:
        yield "canary analysis", found.canary_analysis
    if found.experiment:
        yield from experiment_lines(found.experiment)
    yield "pause", _pause(found.pause, found.paused_by)
    if found.awaiting_approval:
        yield "to approve", ", ".join(f"version {package.version}" for package in found.awaiting_approval)
    for execution in found.recent:
        if execution.ended:
            yield "before", _execution(execution)


def _endpoint_lines(endpoint: str, found: "Status") -> Iterator[tuple[str, str]]:
    now = found.endpoint
    if now is None:
        yield "endpoint", f"{endpoint} does not exist yet; the first approved model creates it"
        return
    yield "endpoint", f"{endpoint} is {now.status}" + (f": {now.failure}" if now.failure else "")
    if now.live:
        yield "serves", _fleet(now.live) + (f", since {_at(found.since)}" if found.since else "")
        if now.live.shadow:
            yield "shadow", f"version {_version(now.live.shadow)} responds to copies of requests, and to no user"
    if now.pending:
        yield "rolling out", _fleet(now.pending) + f", {now.pending.variant_status}".removesuffix(", ")


def _fleet(fleet: "Fleet") -> str:
    package = f"version {_version(fleet.package)}" if fleet.package else "no registered model"
    instances = "" if fleet.instances is None else f", {counted(fleet.instances, 'instance')}"
    return f"{package} by {fleet.config}{instances}"


def _doing(step: "RolloutStep | None", *, paused: bool) -> str:
    if step is None or step in WAITING:
        return _WAITS
    if step in PAUSING:
        return _IS_PAUSED if paused else "is about to continue"
    return f"is at: {step}"


def _alarm(alarm: "FleetAlarm") -> str:
    return f"{alarm.state:<18}{alarm.name}" + (f": {alarm.reason}" if alarm.reason else "")


def _pause(value: str, by: "Entry | None") -> str:
    texts = {GO: "none; rollouts begin when a model is approved", PAUSED: "rollouts are paused"}
    text = texts.get(value, f"every rollout waits: {value}")
    if by is None or value == GO:
        return text
    return f"{text}, by {by['actor']} at {by['time']}: {by['detail'].get('reason', '')}"


def _execution(execution: "Execution") -> str:
    end = execution.outcome or execution.status
    reason = f": {execution.reason}" if execution.reason else ""
    return f"version {_version(execution.package)} ended {end} at {_at(execution.ended)}{reason}"


def approval_text(endpoint: str, approval: "Approval") -> str:
    found = approval.package
    metric = f", {found.measured}" if found.measured else ""
    lines = [f"version {found.version} of {endpoint}{metric}, {found.approval} ({found.arn})"]
    if found.reason:
        lines.append(f"its description: {found.reason}")
    serving = f"version {_version(approval.live)}" if approval.live else "nothing"
    lines.append(f"approval starts its rollout, behind gates and alarms, to {endpoint}, which serves {serving} now")
    if approval.paused:
        lines.append("rollouts are paused: it will wait")
    return "".join(f"{line}\n" for line in lines)


def audit_text(entries: "Sequence[Entry]", broken: int | None) -> str:
    lines = [_entry(entry) for entry in entries]
    if broken is not None:
        lines.append(f"BROKEN at sequence {broken}: the entry is missing, or differs from what was written")
    elif entries:
        lines.append(f"intact: {counted(len(entries), 'entry', 'entries')}, head {entries[-1]['hash']}")
    else:
        lines.append("no entry yet")
    return "".join(f"{line}\n" for line in lines)


def _entry(entry: "Entry") -> str:
    if "action" not in entry:
        return f"{entry['sequence']:>6}  (not an entry)"
    detail = entry["detail"] if isinstance(entry["detail"], dict) else {}
    words = "; ".join(f"{name} {value}" for name, value in detail.items() if value not in (None, ""))
    head = f"{entry['sequence']:>6}  {entry['time']}  {entry['action']:<10} {entry['subject']}  by {entry['actor']}"
    return f"{head}\n        {words}" if words else head


def _version(package: str | None) -> str:
    return package.rsplit("/", 1)[-1] if package else "?"


def _at(when: datetime | None) -> str:
    return when.astimezone().isoformat(sep=" ", timespec="seconds") if when else "?"
