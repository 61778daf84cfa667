"""`report.html`, `report.json` and the summary in the terminal."""

import html
import json
import os
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rehearsal.console.data_section import data_section
from rehearsal.console.experiment_section import experiment_section
from rehearsal.console.model_section import model_section
from rehearsal.console.page_parts import table
from rehearsal.console.picture_set import PICTURES, Pictures
from rehearsal.journey.embedded_aws import LOGS
from rehearsal.journey.evaluation_summary import quality_line, reported_line
from rehearsal.journey.rehearsal_result import RehearsalResult
from rehearsal.journey.report_document import report_document
from rehearsal.journey.role_access import role_access_lines
from rehearsal.journey.rollout_result import RolloutResult
from rehearsal.journey.starvation import INCONCLUSIVE
from rehearsal.journey.user_counts import bad_model_line
from slipway.rounding import counted

_TEMPLATE = Path(__file__).with_name("report.html.template")


def write_report(result: RehearsalResult, out: Path) -> list[str]:
    """Write both reports into `out`, each in the place of an earlier one and whole.

    `report.json` is written first. If an interrupt comes while the pictures are drawn, the page has none.

    Returns:
        What is missing in the page, a line each.
    """
    out.mkdir(parents=True, exist_ok=True)
    document = report_document(result)
    _replace(out / "report.json", json.dumps(document, indent=2, sort_keys=True) + "\n")
    drawn = Pictures()
    try:
        drawn.draw(result)
    finally:
        _replace(out / "report.html", page(result, drawn))
        if result.failure is None:  # what is there is an earlier run's
            for name in LOGS:
                (out / name).unlink(missing_ok=True)
    return drawn.problems


def _replace(path: Path, text: str) -> None:
    """Replace the file by a whole one, or leave the earlier one as it was."""
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        whole.write_bytes(text.encode("utf-8", errors="backslashreplace"))
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)


def page(result: RehearsalResult, drawn: Pictures) -> str:
    """The text of `report.html`, with the pictures that are drawn so far."""
    settings, document = result.settings, report_document(result)
    rollouts = [_row(rollout) for rollout in result.rollouts]
    return string.Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        {name: drawn.html(name) for name in PICTURES},
        title=html.escape(f"{settings.name}: {settings.description or 'launch rehearsal'}"),
        outcome=html.escape("; ".join(result.shortcomings + result.inconclusive) or "the launch went as it should"),
        failure=_failure(result),
        facts=table(["", ""], _facts(result)),
        model=model_section(result.evaluation),
        data=data_section(result.profile, result.table.remarks),
        rollouts=table(list(rollouts[0]), [list(row.values()) for row in rollouts]) if rollouts else "<p>None.</p>",
        reasons="".join(f"<p>{html.escape(text)}</p>" for each in result.rollouts for text in _named_reasons(each)),
        experiment=experiment_section(result.experiment),
        pipeline=table(["step", "type", "status", "seconds"], [list(row.values()) for row in document["pipeline"]]),
        batch=_batch(result),
        lineage=_lineage(result),
        audit=table(["entry", "time", "actor", "action", "subject", "hash"], [_entry(each) for each in result.audit]),
        access=table(["role", "calls", "missing permissions", "unused permissions"], _access_rows(result)),
        timings=table(
            ["phase", "seconds"], [[name.replace("_", " "), seconds] for name, seconds in result.timings.items()]
        ),
        templates=table(["template", "sha256"], [[name, digest] for name, digest in result.templates.items()]),
    )


def _row(rollout: RolloutResult) -> dict[str, Any]:
    row = rollout.row()
    del row["reason"]  # below the table
    row["shadow"] = rollout.shadow["decision"].replace("_", " ") if rollout.shadow else "none"
    row |= {name: "unknown" for name in ("exposed", "failed_by_new_fleet") if row[name] is None}
    outcome = {"verdict": ("outcome", rollout.outcome_in_words)}
    return dict(outcome.get(name, (name.replace("_", " "), value)) for name, value in row.items())


def _named_reasons(rollout: RolloutResult) -> Iterator[str]:
    package = rollout.model_package.rpartition(":model-package/")[2]
    return (f"{package}: {reason}" for reason in _reasons(rollout))


def _reasons(rollout: RolloutResult) -> Iterator[str]:
    if rollout.shadow and rollout.by != "shadow":
        yield f"as a shadow: {rollout.shadow['explanation']}"
    if rollout.reason:
        yield rollout.reason


def _failure(result: RehearsalResult) -> str:
    if result.failure is None:
        return ""
    parts = [f"<h2>Ended in the phase {html.escape(result.failure.phase)}</h2>"]
    parts.append(f"<pre>{html.escape(result.failure.reason)}</pre>")
    if result.failure.log:
        log = html.escape("\n".join(result.failure.log))
        parts.append(f"<p>The last lines of the embedded AWS's log:</p><pre>{log}</pre>")
    return "".join(parts)


def _batch(result: RehearsalResult) -> str:
    if result.batch is None:
        return ""
    found = result.batch.document()
    names = ("name", "rows", "scored", "failed")
    files = [[each[name] for name in names] for each in found["files"] if isinstance(each, dict)]
    rows = [[each[name] for name in ("file", "row", "reason")] for each in found.get("failed_rows", ())]
    drift = ", ".join(f"{name} {index:.3f}" for name, index in (found.get("drift") or {}).items())
    parts = [
        f"<h2>Batch</h2><p>{html.escape(result.batch.line)}; drift of the predictions: {drift or 'not known'}.</p>"
    ]
    parts.append(table(["file", "rows", "scored", "without prediction"], files) if files else "")
    parts.append(table(["file", "row", "why it has no prediction"], rows) if rows else "")
    return "".join(parts)


def _lineage(result: RehearsalResult) -> str:
    """A column for each model."""
    columns = [each.in_words for each in result.lineage]
    names = dict.fromkeys(name for column in columns for name in column)
    head = ["", *(f"version {each.package.version}" for each in result.lineage)]
    return table(head, [[name, *(column.get(name, "") for column in columns)] for name in names])


def _access_rows(result: RehearsalResult) -> list[list[Any]]:
    return [[row.role, row.calls, row.missing, row.unused] for row in result.access]


def _entry(entry: Mapping[str, Any]) -> list[Any]:
    return [entry[name] for name in ("sequence", "time", "actor", "action", "subject", "hash")]


def _facts(result: RehearsalResult) -> list[list[Any]]:
    facts = [["data", f"{result.table.name}, {counted(result.table.rows, 'row')}, sha256 {result.table.sha256}"]]
    facts.append(["endpoint", result.settings.endpoint.kind])
    if result.evaluation:
        facts.append(["model", quality_line(result.evaluation)])
        facts.append(["gate", result.evaluation["gate"]["reasons"]])
    elif result.reported:
        facts.append(["model", reported_line(result.reported)])
    if result.scaling:
        facts.append(["scaling", result.scaling.line])
    facts.append(["time", f"{result.seconds:.0f} s; only waits are compressed, {result.options.speed:g} times"])
    return facts


def summary(result: RehearsalResult) -> str:
    """The result in a few lines for the terminal."""
    lines = [f"{result.settings.name}: {result.seconds:.0f} s, {len(result.templates)} templates deployed"]
    if result.evaluation:
        lines.append(f"model    {quality_line(result.evaluation)}")
    elif result.reported:
        lines.append(f"model    {reported_line(result.reported)}")
    for rollout in result.rollouts:
        lines.append(f"rollout  {_rollout(rollout)}")
        if rollout.proven is not None:
            lines += [f"         {reason}" for reason in _reasons(rollout)]
    if result.experiment:
        lines.append(f"arms     {result.experiment['outcome']}: {result.experiment['reason']}")
    if users := bad_model_line(result.rollouts):
        lines.append(f"users    {users}")
    if result.scaling:
        lines.append(f"scaling  {result.scaling.line}")
    if result.batch:
        lines.append(f"batch    {result.batch.line}")
    if result.failure is None:
        lines.append(f"audit    {counted(len(result.audit), 'entry', 'entries')}")
        lines += [f"access   {line}" for line in role_access_lines(result.access)]
    lines += [f"not as it should be: {text}" for text in result.shortcomings]
    lines += [f"inconclusive: {text}" for text in result.inconclusive]
    lines.append(f"report   {result.options.out / 'report.html'}")
    return "\n".join(lines) + "\n"


def _rollout(rollout: RolloutResult) -> str:
    fault = f" with fault {rollout.fault}" if rollout.fault else ""
    how = ", stopped by" if rollout.outcome == INCONCLUSIVE else " by"
    by = f"{how} {rollout.by}" if rollout.by else ""
    exposed = "an unknown number" if rollout.exposed is None else f"{rollout.exposed:,}"
    counts = f"{counted(rollout.requests, 'request')}, {exposed} by the new fleet"
    is_unproven = rollout.proven is False and rollout.outcome != INCONCLUSIVE
    outcome = rollout.outcome_in_words + (", but not proven safe" if is_unproven else "")
    if rollout.shadow and rollout.shadow["decision"] == "promote":
        outcome = f"proven as a shadow, {outcome}"
    return f"{rollout.type}{fault}: {outcome}{by}; {counts}, {rollout.failed} failed, {rollout.dropped} dropped"
