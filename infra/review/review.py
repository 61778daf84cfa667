"""All review tools on one use case, or on a delivery."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import aws_cdk as cdk

from infra.delivery.delivery_stacks import stacks_of
from infra.monitoring.fleet_stack import FleetStack
from infra.review.explained import EXPLAINED
from infra.review.nag import nag_findings
from infra.review.template_finding import Explained, TemplateFinding, unexplained, unused
from infra.review.templates import cfn_lint_findings, own_findings
from infra.shared.use_case_settings import load_delivered_use_cases
from infra.stages import use_case_stacks
from slipway.settings import Settings, load_delivery

_CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-000000000000"
TOOLS = ("cdk-nag", "cfn-lint", "slipway")


@dataclass(frozen=True)
class Review:
    """What was found, explained or not."""

    findings: tuple[TemplateFinding, ...]

    @cached_property
    def unexplained(self) -> list[TemplateFinding]:
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

    def __add__(self, other: "Review") -> "Review":
        return Review((*self.findings, *other.findings))

    def figures(self) -> dict[str, int]:
        return {
            "wildcards_unexplained": sum("IAM5" in f.rule or "Wildcard" in f.rule for f in self.unexplained),
            "nag_unexplained": self.unexplained_by("cdk-nag"),
            "cfn_lint_unexplained": self.unexplained_by("cfn-lint"),
            "slipway_unexplained": self.unexplained_by("slipway"),
        }


def review(settings: Settings, *, project: Path, out: Path) -> Review:
    """Synthesize the use case of `settings` into `out` and have it reviewed."""
    steps_folder = project / "pipeline_steps"
    return _reviewed(lambda app: use_case_stacks(app, settings, steps_folder=steps_folder), project=project, out=out)


def review_delivery(file: Path, *, project: Path, out: Path) -> Review:
    """The same for the delivery in `file`: its pipeline, GitHub's roles and the dashboard of each stage.

    The pipeline is reviewed where there is no connection yet, and the dashboard where there is one use case only: they
    are a setting away.
    """
    given = load_delivery(file)
    delivery = given.model_copy(update={"connection_arn": given.connection_arn or _CONNECTION})

    def make(app: cdk.App) -> None:
        stacks_of(app, delivery, file=file, project=project)
        for stage in delivery.stages:
            cases = load_delivered_use_cases(delivery, stage.name, project=project)
            FleetStack(app, f"slipway-fleet-{stage.name}", env=cdk.Environment(), cases=cases)

    return _reviewed(make, project=project, out=out)


def _reviewed(make: Callable[[cdk.App], object], *, project: Path, out: Path) -> Review:
    context = json.loads((project / "cdk.json").read_text(encoding="utf-8"))["context"]
    found = nag_findings(make, context=context, out=out)
    for template in sorted(out.glob("*.template.json")):
        found += [*cfn_lint_findings(template), *own_findings(template)]
    return Review(tuple(found))
