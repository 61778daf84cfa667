"""`report.html`, `report.json` and the summary in the terminal."""

import html
import json
import os
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.console import pictures
from rehearsal.journey.access import access_told
from rehearsal.journey.evidence import Evidence, report_document
from rehearsal.journey.rollouts import Rollout
from rehearsal.journey.users import users_told

_TEMPLATE = Path(__file__).with_name("report.html.template")
_LONG = 24
_NUMBERS = ("auc", "accuracy", "average_precision", "precision", "recall", "f1", "log_loss", "brier")


def write_report(evidence: Evidence, out: Path) -> None:
    """Write both reports into `out`; each file appears whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    document = report_document(evidence)
    page = _page(evidence, document)  # which takes seconds: an interrupt then leaves neither
    _replace(out / "report.json", json.dumps(document, indent=2, sort_keys=True) + "\n")
    _replace(out / "report.html", page)


def _replace(path: Path, text: str) -> None:
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    whole.write_text(text, encoding="utf-8")
    whole.replace(path)


def _page(evidence: Evidence, document: Mapping[str, Any]) -> str:
    last = evidence.runs[-1]
    settings = evidence.settings
    return string.Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(f"{settings.name}: {settings.description or 'launch rehearsal'}"),
        outcome=html.escape("; ".join(evidence.shortcomings + evidence.inconclusive) or "the launch went as it should"),
        facts=_table(["", ""], _facts(evidence)),
        metrics=_table(["test split", "candidate", "baseline", "champion"], _metric_rows(document["metrics"])),
        rollouts=_table(
            list(evidence.rollouts[0].row()), [list(rollout.row().values()) for rollout in evidence.rollouts]
        ),
        reasons="".join(f"<p>{html.escape(rollout.reason)}</p>" for rollout in evidence.rollouts if rollout.reason),
        traffic=pictures.traffic_split(evidence.fleets, evidence.rollouts, started=evidence.started),
        roc=pictures.roc(last.evaluation),
        confusion=pictures.confusion_matrix(last.evaluation),
        tuning=pictures.tuning_history(last.trials),
        profile=pictures.data_profile(last.profile),
        pipeline=_table(["step", "type", "status", "seconds"], [list(row.values()) for row in document["pipeline"]]),
        audit=_table(["entry", "time", "who", "what", "of", "hash"], [_entry(each) for each in evidence.audit]),
        access=_table(["role", "calls", "without permission", "never needed"], _access_rows(evidence)),
        timings=_table(["stage", "seconds"], [[name, seconds] for name, seconds in evidence.timings.items()]),
        templates=_table(["template", "sha256"], [[name, digest] for name, digest in evidence.templates.items()]),
    )


def _access_rows(evidence: Evidence) -> list[list[Any]]:
    return [[row.role, row.calls, ", ".join(row.missing), ", ".join(row.unused)] for row in evidence.access]


def _entry(entry: Mapping[str, Any]) -> list[Any]:
    return [entry[name] for name in ("sequence", "time", "actor", "action", "subject", "hash")]


def _facts(evidence: Evidence) -> list[list[Any]]:
    gate = evidence.runs[-1].evaluation["gate"]
    aim = "met" if gate["accuracy_aim_met"] else "not met"
    return [
        ["data", f"{evidence.table.name}, {evidence.table.rows} rows, sha256 {evidence.table.sha256}"],
        ["gate", gate["reasons"]],
        ["aim", f"accuracy of at least {gate['accuracy_aim']}: {aim}"],
        ["time", f"{evidence.seconds:.0f} s; waits compressed {evidence.options.speed:g} times, nothing else"],
    ]


def _metric_rows(metrics: Mapping[str, Any]) -> list[list[Any]]:
    baseline, champion = metrics["baseline"], metrics["champion"] or {}
    rows = [
        [name, metrics[name], baseline.get(name, ""), champion.get(name, "")] for name in _NUMBERS if name in metrics
    ]
    value = metrics["value"]
    others = [other.get("value", {}).get("per_1000", "") for other in (baseline, champion)]
    return [*rows, [f"value in {value['currency']} per 1,000 rows", value["per_1000"], *others]]


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
    evaluation = evidence.runs[-1].evaluation
    metrics, gate, value = evaluation["metrics"], evaluation["gate"], evaluation["value"]
    aim = f"aim {gate['accuracy_aim']:g} {'met' if gate['accuracy_aim_met'] else 'not met'}"
    quality = f"test AUC {metrics['auc']:.4f}, accuracy {metrics['accuracy']:.4f} ({aim})"
    lines = [
        f"{evidence.settings.name}: {evidence.seconds:.0f} s, {len(evidence.templates)} templates deployed",
        f"model    {quality}, {value['per_1000']:.0f} {value['currency']} per 1,000 rows",
        *(f"rollout  {_told(rollout)}" for rollout in evidence.rollouts),
        f"users    {users_told(evidence.rollouts)}",
    ]
    lines.append(f"audit    {len(evidence.audit)} entries")
    lines += access_told(evidence.access)
    lines += [f"not as it should be: {text}" for text in evidence.shortcomings]
    lines += [f"inconclusive: {text}" for text in evidence.inconclusive]
    lines.append(f"report   {evidence.options.out / 'report.html'}")
    return "\n".join(lines) + "\n"


def _told(rollout: Rollout) -> str:
    fault = f" with fault {rollout.fault}" if rollout.fault else ""
    by = f" by {rollout.by}" if rollout.by else ""
    counts = f"{rollout.requests} requests, {rollout.exposed} by the new fleet"
    verdict = rollout.verdict.replace("_", " ")
    return f"{rollout.type}{fault}: {verdict}{by}; {counts}, {rollout.failed} failed, {rollout.dropped} dropped"
