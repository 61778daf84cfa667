"""`report.html`, `report.json` and the summary in the terminal."""

import html
import json
import os
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.console.gallery import PICTURES, Pictures
from rehearsal.journey.access import access_told
from rehearsal.journey.embedded_aws import LOGS
from rehearsal.journey.evidence import Evidence, report_document
from rehearsal.journey.rollouts import Rollout
from rehearsal.journey.users import users_told

_TEMPLATE = Path(__file__).with_name("report.html.template")
_LONG = 24
_NUMBERS = ("auc", "accuracy", "average_precision", "precision", "recall", "f1", "log_loss", "brier")


def write_report(evidence: Evidence, out: Path) -> list[str]:
    """Write both reports into `out`, each in the place of an earlier one and whole.

    The one for machines comes first. Should an interrupt come while the pictures are drawn, the page has none.

    Returns:
        What is missing from the page, in a line each.
    """
    out.mkdir(parents=True, exist_ok=True)
    document = report_document(evidence)
    _replace(out / "report.json", json.dumps(document, indent=2, sort_keys=True) + "\n")
    drawn = Pictures()
    try:
        drawn.draw(evidence)
    finally:
        _replace(out / "report.html", _page(evidence, document, drawn))
        if evidence.failure is None:  # what lies there is an earlier run's
            for name in LOGS:
                (out / name).unlink(missing_ok=True)
    return drawn.problems


def _replace(path: Path, text: str) -> None:
    """A file that cannot be written whole leaves the earlier one as it was, and nothing of itself."""
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        whole.write_bytes(text.encode("utf-8", errors="backslashreplace"))
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)


def _page(evidence: Evidence, document: Mapping[str, Any], drawn: Pictures) -> str:
    settings = evidence.settings
    rollouts = [_row(rollout) for rollout in evidence.rollouts]
    return string.Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        {name: drawn.html(name) for name in PICTURES},
        title=html.escape(f"{settings.name}: {settings.description or 'launch rehearsal'}"),
        outcome=html.escape("; ".join(evidence.shortcomings + evidence.inconclusive) or "the launch went as it should"),
        failure=_failure(evidence),
        facts=_table(["", ""], _facts(evidence)),
        metrics=_metrics(document["metrics"]),
        rollouts=_table(list(rollouts[0]), [list(row.values()) for row in rollouts]) if rollouts else "<p>None.</p>",
        reasons="".join(f"<p>{html.escape(rollout.reason)}</p>" for rollout in evidence.rollouts if rollout.reason),
        pipeline=_table(["step", "type", "status", "seconds"], [list(row.values()) for row in document["pipeline"]]),
        audit=_table(["entry", "time", "who", "what", "of", "hash"], [_entry(each) for each in evidence.audit]),
        access=_table(["role", "calls", "without permission", "never needed"], _access_rows(evidence)),
        timings=_table(["stage", "seconds"], [[name, seconds] for name, seconds in evidence.timings.items()]),
        templates=_table(["template", "sha256"], [[name, digest] for name, digest in evidence.templates.items()]),
    )


def _row(rollout: Rollout) -> dict[str, Any]:
    row = rollout.row() | {"verdict": rollout.verdict_told}
    return row | {name: "unknown" for name in ("exposed", "failed_by_new_fleet") if row[name] is None}


def _failure(evidence: Evidence) -> str:
    if evidence.failure is None:
        return ""
    parts = [f"<h2>Ended in the stage {html.escape(evidence.failure.stage)}</h2>"]
    parts.append(f"<pre>{html.escape(evidence.failure.reason)}</pre>")
    if evidence.failure.log:
        log = html.escape("\n".join(evidence.failure.log))
        parts.append(f"<p>The last lines of the embedded AWS's log:</p><pre>{log}</pre>")
    return "".join(parts)


def _access_rows(evidence: Evidence) -> list[list[Any]]:
    return [[row.role, row.calls, ", ".join(row.missing), ", ".join(row.unused)] for row in evidence.access]


def _entry(entry: Mapping[str, Any]) -> list[Any]:
    return [entry[name] for name in ("sequence", "time", "actor", "action", "subject", "hash")]


def _facts(evidence: Evidence) -> list[list[Any]]:
    facts = [["data", f"{evidence.table.name}, {evidence.table.rows} rows, sha256 {evidence.table.sha256}"]]
    if gate := evidence.evaluation.get("gate"):
        aim = "met" if gate["accuracy_aim_met"] else "not met"
        facts.append(["gate", gate["reasons"]])
        facts.append(["aim", f"accuracy of at least {gate['accuracy_aim']}: {aim}"])
    facts.append(["time", f"{evidence.seconds:.0f} s; waits compressed {evidence.options.speed:g} times, nothing else"])
    return facts


def _metrics(metrics: Mapping[str, Any] | None) -> str:
    if metrics is None:
        return "<p>No candidate was evaluated.</p>"
    baseline, champion = metrics["baseline"], metrics["champion"] or {}
    rows = [
        [name, metrics[name], baseline.get(name, ""), champion.get(name, "")] for name in _NUMBERS if name in metrics
    ]
    value = metrics["value"]
    others = [other.get("value", {}).get("per_1000", "") for other in (baseline, champion)]
    rows.append([f"value in {value['currency']} per 1,000 rows", value["per_1000"], *others])
    return _table(["test split", "candidate", "baseline", "champion"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    def cell(value: Any) -> str:
        shown = f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)
        return f"<td{' class=long' if len(shown) > _LONG else ''}>{html.escape(shown)}</td>"

    def row(cells: str) -> str:
        return f"<tr>{cells}</tr>"

    top = row("".join(f"<th>{html.escape(name)}</th>" for name in head)) if any(head) else ""
    return f"<table>{top}{''.join(row(''.join(map(cell, values))) for values in rows)}</table>"


def summary(evidence: Evidence) -> str:
    """What a person wants to know at the end, in a few lines."""
    lines = [f"{evidence.settings.name}: {evidence.seconds:.0f} s, {len(evidence.templates)} templates deployed"]
    if evidence.evaluation:
        lines.append(f"model    {_quality(evidence.evaluation)}")
    lines += [f"rollout  {_told(rollout)}" for rollout in evidence.rollouts]
    if users := users_told(evidence.rollouts):
        lines.append(f"users    {users}")
    if evidence.failure is None:
        lines.append(f"audit    {len(evidence.audit)} entries")
        lines += access_told(evidence.access)
    lines += [f"not as it should be: {text}" for text in evidence.shortcomings]
    lines += [f"inconclusive: {text}" for text in evidence.inconclusive]
    lines.append(f"report   {evidence.options.out / 'report.html'}")
    return "\n".join(lines) + "\n"


def _quality(evaluation: Mapping[str, Any]) -> str:
    metrics, gate, value = evaluation["metrics"], evaluation["gate"], evaluation["value"]
    aim = f"aim {gate['accuracy_aim']:g} {'met' if gate['accuracy_aim_met'] else 'not met'}"
    quality = f"test AUC {metrics['auc']:.4f}, accuracy {metrics['accuracy']:.4f} ({aim})"
    return f"{quality}, {value['per_1000']:.0f} {value['currency']} per 1,000 rows"


def _told(rollout: Rollout) -> str:
    fault = f" with fault {rollout.fault}" if rollout.fault else ""
    by = f" by {rollout.by}" if rollout.by else ""
    exposed = "an unknown number" if rollout.exposed is None else rollout.exposed
    counts = f"{rollout.requests} requests, {exposed} by the new fleet"
    verdict = rollout.verdict_told + (", but not proven safe" if rollout.proven is False else "")
    return f"{rollout.type}{fault}: {verdict}{by}; {counts}, {rollout.failed} failed, {rollout.dropped} dropped"
