"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from slipway.guardrails.planned import PlannedRollout

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Found:
    """One place that breaks a rule: what is there, with its value, and what to write instead."""

    what: str
    fix: str
    alarm: str | None = None


Check = Callable[[PlannedRollout], Iterable[Found]]


@dataclass(frozen=True)
class Finding:
    """A broken rule as it is reported."""

    rule: str
    severity: Severity
    where: str
    what: str
    reason: str
    fix: str

    @property
    def message(self) -> str:
        return f"{self.what}: {self.reason}; {self.fix}"

    def __str__(self) -> str:
        return f"{self.severity} {self.rule} {self.where}: {self.message}"


@dataclass(frozen=True)
class Rule:
    """A check with its id and the reason for it."""

    id: str
    severity: Severity
    reason: str
    check: Check

    @property
    def title(self) -> str:
        return (self.check.__doc__ or "").splitlines()[0]

    def findings(self, planned: PlannedRollout) -> Iterable[Finding]:
        for found in self.check(planned):
            where = planned.endpoint if found.alarm is None else f"{planned.endpoint}/{_short(found.alarm, planned)}"
            yield Finding(self.id, self.severity, where, found.what, self.reason, found.fix)


def rule(id_: str, severity: Severity, *, because: str) -> Callable[[Check], Rule]:
    """Make a Rule of a check; the check's docstring is the rule's title."""

    def made(check: Check) -> Rule:
        return Rule(id_, severity, because, check)

    return made


def _short(alarm: str, planned: PlannedRollout) -> str:
    return alarm.removeprefix(planned.config_name).lstrip("-") or alarm
