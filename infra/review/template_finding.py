"""Findings of tools, and their explanations."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class TemplateFinding:
    """`rule` names what was found, wildcards included; `where` is the construct or resource."""

    tool: str
    rule: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.tool} {self.rule} at {self.where}: {self.text}"


@dataclass(frozen=True)
class Explained:
    """Why findings whose rule and place match are intended."""

    rule: str
    reason: str
    where: str = ".*"

    def explains(self, finding: TemplateFinding) -> bool:
        return bool(re.fullmatch(self.rule, finding.rule) and re.fullmatch(self.where, finding.where))


def unexplained(findings: Iterable[TemplateFinding], explanations: Iterable[Explained]) -> list[TemplateFinding]:
    known = list(explanations)
    return sorted(finding for finding in findings if not any(each.explains(finding) for each in known))


def unused(findings: Iterable[TemplateFinding], explanations: Iterable[Explained]) -> list[Explained]:
    """Explanations without a finding: they would hide the next one of their kind."""
    found = list(findings)
    return [each for each in explanations if not any(each.explains(finding) for finding in found)]
