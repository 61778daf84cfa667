"""What a rehearsal has shown, and `report.json` made from it."""

from dataclasses import dataclass, field
from typing import Any

from blueprint.audit import Entry, verify
from blueprint.settings import Settings
from rehearsal.journey.access import RoleAccess
from rehearsal.journey.options import RehearsalOptions
from rehearsal.journey.rollouts import Rollout
from rehearsal.journey.starvation import INCONCLUSIVE
from rehearsal.journey.table import SourceTable
from rehearsal.journey.training import TrainingRun, step_rows
from rehearsal.journey.users import failed_by_bad_model, users_document

REFUSED_FAULTS = ("shift", "schema")
"""Those that a gate finds before any user meets the model."""


@dataclass
class Evidence:
    """Everything the report is made from."""

    options: RehearsalOptions
    settings: Settings
    table: SourceTable
    started: float
    seconds: float = 0.0
    templates: dict[str, str] = field(default_factory=dict)
    runs: list[TrainingRun] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    fleets: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    audit: list[Entry] = field(default_factory=list)
    access: list[RoleAccess] = field(default_factory=list)

    @property
    def inconclusive(self) -> list[str]:
        """Rollouts whose end says nothing, with the reason."""
        return [rollout.reason for rollout in self.rollouts if rollout.verdict == INCONCLUSIVE]

    @property
    def shortcomings(self) -> list[str]:
        """What did not go as a launch should; empty when all is well."""
        found = []
        verdicts = [rollout.verdict for rollout in self.rollouts]
        # the first model, the better one, the bad one
        expected = ["promoted", "promoted", "refused" if self.options.fault in REFUSED_FAULTS else "rolled_back"]
        agreed = [got if got == INCONCLUSIVE else wanted for got, wanted in zip(verdicts, expected, strict=False)]
        if verdicts != agreed or len(verdicts) < len(expected):
            found.append(f"the rollouts should end {', '.join(expected)}, got {', '.join(verdicts)}")
        back = [rollout for rollout in self.rollouts if rollout.verdict == "rolled_back"]
        if unstopped := [rollout.fault for rollout in back if not rollout.by]:
            found.append(f"an alarm should stop the model with fault {unstopped[0]}, got none in ALARM")
        judged = [rollout for rollout in self.rollouts if rollout.verdict != INCONCLUSIVE]
        if dropped := sum(rollout.dropped for rollout in judged):
            found.append(f"no user request may go unanswered, got {dropped}")
        if failed := sum(rollout.failed - failed_by_bad_model(rollout) for rollout in judged):
            found.append(f"only the bad model may answer users with errors, got {failed} errors of other models")
        if broken := verify(self.audit):
            found.append(f"the audit's entries must follow each other, but entry {broken} does not")
        if lacking := [row.role for row in self.access if row.missing]:
            found.append(f"no call may go without permission, got some by {', '.join(lacking)}")
        return found


def report_document(evidence: Evidence) -> dict[str, Any]:
    """The machine-readable report."""
    last = evidence.runs[-1]
    return {
        "seconds": evidence.seconds,
        "speed": evidence.options.speed,
        "data": {
            "path": evidence.table.name,
            "rows": evidence.table.rows,
            "sha256": evidence.table.sha256,
            "splits": {name: last.profile["sha256"][name] for name in ("train", "validation", "test")},
        },
        "pipeline": [row for run in evidence.runs for row in step_rows(run)],
        "metrics": {
            **last.evaluation["metrics"],
            "baseline": last.evaluation["baseline"],
            "champion": last.evaluation["champion"],
            "value": last.evaluation["value"],
        },
        "rollouts": [rollout.row() for rollout in evidence.rollouts],
        "users": users_document(evidence.rollouts),
        "templates": evidence.templates,
        "timings": evidence.timings,
    }
