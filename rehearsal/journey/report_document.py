"""`report.json`, made from a rehearsal's result."""

from typing import Any

from rehearsal.journey.rehearsal_result import RehearsalResult
from rehearsal.journey.training_run import step_rows
from rehearsal.journey.user_counts import user_counts


def report_document(result: RehearsalResult) -> dict[str, Any]:
    """The report for machines; what the rehearsal did not reach is None or empty.

    Its keys are a contract, which `tests/e2e` holds: keys are added, never renamed. That is why some differ from the
    names in the code: `failure.stage` is the phase that failed, a rollout's `verdict` is its outcome.
    """
    splits, failure = result.profile.get("sha256", {}), result.failure
    return {
        "outcome": result.outcome,
        "failure": failure and {"stage": failure.phase, "reason": failure.reason, "log": list(failure.log)},
        "seconds": result.seconds,
        "speed": result.options.speed,
        "endpoint_kind": result.settings.endpoint.kind,
        "data": {
            "path": result.table.name,
            "rows": result.table.rows,
            "sha256": result.table.sha256,
            "splits": {name: splits.get(name) for name in ("train", "validation", "test")},
        },
        "pipeline": [row for run in result.runs for row in step_rows(run)],
        "problem": result.settings.problem,
        "algorithm": result.evaluation.get("algorithm"),
        "primary_metric": result.evaluation.get("primary_metric"),
        "decision": result.evaluation.get("decision", {}).get("chosen"),
        "metrics": _metrics(result.evaluation),
        "models": result.evaluation.get("intervals", {}),
        "coefficients": result.evaluation.get("coefficients"),
        "gate": result.evaluation.get("gate"),
        "reported": result.reported or None,
        "rollouts": [rollout.row() for rollout in result.rollouts],
        "experiment": result.experiment or None,
        "lineage": [each.document() for each in result.lineage],
        "users": user_counts(result.rollouts),
        "scaling": result.scaling and result.scaling.document(),
        "batch": result.batch and result.batch.document(),
        "templates": result.templates,
        "timings": result.timings,
    }


def _metrics(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    if not evaluation:
        return None
    return {**evaluation["metrics"], **{name: evaluation[name] for name in ("baseline", "champion", "value")}}
