"""All reviewers on one use case."""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from blueprint.settings import Settings
from infra.review.explained import EXPLAINED
from infra.review.finding import Explained, Finding, unexplained, unused
from infra.review.nag import nag_findings
from infra.review.templates import cfn_lint_findings, own_findings

TOOLS = ("cdk-nag", "cfn-lint", "slipway")


@dataclass(frozen=True)
class Review:
    """What was found, explained or not."""

    findings: tuple[Finding, ...]

    @cached_property
    def unexplained(self) -> list[Finding]:
        return unexplained(self.findings, EXPLAINED)

    @property
    def stale(self) -> list[Explained]:
        return unused(self.findings, EXPLAINED)

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(finding.tool for finding in self.findings)
        return {tool: counted[tool] for tool in TOOLS}

    def unexplained_by(self, tool: str) -> int:
        return sum(finding.tool == tool for finding in self.unexplained)

    def figures(self) -> dict[str, int]:
        return {
            "wildcards_unexplained": sum("IAM5" in f.rule or "Wildcard" in f.rule for f in self.unexplained),
            "nag_unexplained": self.unexplained_by("cdk-nag"),
            "cfn_lint_unexplained": self.unexplained_by("cfn-lint"),
            "slipway_unexplained": self.unexplained_by("slipway"),
        }


def review(settings: Settings, *, project: Path, out: Path) -> Review:
    """Synthesize the use case of `settings` into `out` and have it reviewed."""
    context = json.loads((project / "cdk.json").read_text(encoding="utf-8"))["context"]
    found = nag_findings(settings, steps_folder=project / "pipeline_steps", context=context, out=out)
    for template in sorted(out.glob("*.template.json")):
        found += [*cfn_lint_findings(template), *own_findings(template)]
    return Review(tuple(found))
