"""What operators read, in lines."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from slipway.rollout.steps import PAUSING, WAITING

if TYPE_CHECKING:
    from slipway.operations.approving import Approval
    from slipway.operations.endpoint_state import AlarmNow, Fleet
    from slipway.operations.executions import Execution
    from slipway.operations.status import Status
    from slipway.rollout.audit import Entry
    from slipway.rollout.steps import Step

_WIDTH = 16
_TURN, _HELD = "waits for the lock", "is held"


def status_text(endpoint: str, found: "Status") -> str:
    return "".join(f"{name:<{_WIDTH}}{text}\n" for name, text in _status_lines(endpoint, found))


def _status_lines(endpoint: str, found: "Status") -> Iterator[tuple[str, str]]:
    now = found.endpoint
    if now is None:
        yield "endpoint", f"{endpoint} is not there yet; the first approved model makes it"
    else:
        yield "endpoint", f"{endpoint} is {now.status}" + (f": {now.failure}" if now.failure else "")
        if now.live:
            yield "serves", _fleet(now.live) + (f", since {_at(found.since)}" if found.since else "")
        if now.pending:
            yield "on its way", _fleet(now.pending) + (f", {now.pending.stage}" if now.pending.stage else "")
    for place, each in enumerate(found.under_way):
        who = f"version {_version(each.execution.package)} since {_at(each.execution.started)}"
        doing = _doing(each.step, held=found.hold != "go")
        # A rollback to an earlier model passes one that is held.
        yield "behind it" if place and doing in (_TURN, _HELD) else "rollout", f"{who}: {doing}"
    for alarm in found.alarms:
        yield "alarm", _alarm(alarm)
    if found.sentence:
        yield "last verdict", found.sentence
    yield "hold", _hold(found.hold, found.held_by)
    if found.awaiting_approval:
        yield "to approve", ", ".join(f"version {package.version}" for package in found.awaiting_approval)
    for past in found.recent:
        if past.ended:
            yield "before", _execution(past)


def _fleet(fleet: "Fleet") -> str:
    package = f"version {_version(fleet.package)}" if fleet.package else "no registered model"
    instances = "" if fleet.instances is None else f", {fleet.instances} instances"
    return f"{package} by {fleet.config}{instances}"


def _doing(step: "Step | None", *, held: bool) -> str:
    if step is None or step in WAITING:
        return _TURN
    if step in PAUSING:
        return _HELD if held else "is about to go on"
    return f"is at: {step}"


def _alarm(alarm: "AlarmNow") -> str:
    return f"{alarm.state:<18}{alarm.name}" + (f": {alarm.reason}" if alarm.reason else "")


def _hold(value: str, by: "Entry | None") -> str:
    text = {"go": "none; rollouts begin when a model is approved", "hold": "rollouts are held"}.get(
        value, f"every rollout waits: {value}"
    )
    if by is None or value == "go":
        return text
    return f"{text}, by {by['actor']} at {by['time']}: {by['detail'].get('reason', '')}"


def _execution(past: "Execution") -> str:
    end = past.outcome or past.status
    reason = f": {past.reason}" if past.reason else ""
    return f"version {_version(past.package)} ended {end} at {_at(past.ended)}{reason}"


def approval_text(endpoint: str, approval: "Approval") -> str:
    found = approval.package
    worth = f", {found.metric} {found.value:.4f}" if found.metric and found.value is not None else ""
    lines = [f"version {found.version} of {endpoint}{worth}, {found.approval} ({found.arn})"]
    if found.reason:
        lines.append(f"noted with it: {found.reason}")
    serving = f"version {_version(approval.live)}" if approval.live else "nothing"
    lines.append(f"approving it starts its rollout to {endpoint}, which serves {serving} now, behind gates and alarms")
    if approval.held:
        lines.append("rollouts are held: it will wait")
    return "".join(f"{line}\n" for line in lines)


def audit_text(entries: "Sequence[Entry]", broken: int | None) -> str:
    lines = [_entry(entry) for entry in entries]
    if broken is not None:
        lines.append(f"BROKEN at sequence {broken}: what is there is not what was written")
    elif entries:
        lines.append(f"intact: {len(entries)} entries, head {entries[-1]['hash']}")
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
