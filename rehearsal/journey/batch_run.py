"""A batch scored by the deployed pipeline: the user's files, and rows that must be reported instead of scored."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.journey.batch_query_run import QueryRun, QueryStart, make_tables, run_query
from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.journey.phases import PhaseLog
from rehearsal.journey.training_run import upload
from slipway.operations.scoring import BatchScoring, ScoringResult
from slipway.settings.batch import Batch
from slipway.settings.batch_query import BatchQuery

WRONG_ROWS = "rehearsed_wrong_rows.jsonl"
_WRONG = ("this is no line of JSON", "[]")
"""One that cannot be read, and one that the model's server refuses."""


@dataclass
class BatchRun:
    """What became of the batch so far; `result` is None until its execution has ended."""

    files: tuple[str, ...] = ()
    wrong_rows: int = 0
    result: ScoringResult | None = None
    failed_rows: list[dict[str, Any]] = field(default_factory=list)
    query: QueryRun | None = None

    def document(self) -> dict[str, Any]:
        """Its part of `report.json`."""
        result = self.result
        query = self.query and self.query.document()
        if result is None:
            return {"outcome": "failed", "files": list(self.files), "query": query}
        report = result.report
        return {
            "outcome": "published" if result.published else "refused" if report else "failed",
            "reason": result.reason,
            "model_package": report.get("model_package_arn"),
            "rows": report.get("rows"),
            "scored": report.get("scored"),
            "failed": report.get("failed"),
            "drift": report.get("drift"),
            "files": report.get("files", list(self.files)),
            "failed_rows": self.failed_rows,
            "published": result.published,
            "query": query,
        }

    @property
    def line(self) -> str:
        """For the terminal."""
        found = self.document()
        counts = f"{found['scored']:,} of {found['rows']:,} rows scored" if found.get("rows") else "no row scored"
        wrong = f", {found['failed']} reported with their reason" if found.get("failed") else ""
        why = f": {found['reason']}" if found.get("reason") else ""
        of_query = f"; {self.query.remark}" if self.query else ""
        return f"{found['outcome']}, {counts}{wrong}{why}{of_query}"

    @property
    def shortcomings(self) -> list[str]:
        """What did not go as it should: everything is published but the wrong rows, which are reported."""
        found = self.document()
        if found["outcome"] != "published":
            return [f"the batch should be published, it was {found['outcome']}: {found.get('reason')}"]
        if found["failed"] != self.wrong_rows or len(self.failed_rows) != self.wrong_rows:
            return [f"{self.wrong_rows} rows of the batch should have no prediction, got {found['failed']}"]
        return []


def score_batch(
    aws: EmbeddedAws,
    run: BatchRun,
    files: Sequence[Path],
    scoring: BatchScoring,
    *,
    batch: Batch,
    rows: int,
    workdir: Path,
    phase: PhaseLog,
) -> None:
    """Upload the files and some wrong rows, and score all of it; `run` is filled meanwhile."""
    sent = list(files)
    if len(_WRONG) <= batch.max_failed_percent / 100 * rows:
        wrong = workdir / WRONG_ROWS
        wrong.write_text("".join(f"{line}\n" for line in _WRONG), encoding="utf-8")
        sent.append(wrong)
        run.wrong_rows = len(_WRONG)
    run.files = tuple(file.name for file in sent)
    bucket, _, prefix = scoring.input_place.removeprefix("s3://").partition("/")
    upload(aws, sent, bucket=bucket, prefix=prefix)
    _follow(aws, run, scoring, scoring.start(), phase)


def score_query(
    aws: EmbeddedAws, run: BatchRun, query: BatchQuery, scoring: BatchScoring, query_start: QueryStart
) -> None:
    """Score the rows of the query of the settings, from its schedule on; `run` is filled meanwhile."""
    make_tables(aws, query, query_start.table)
    started, run.query = run_query(aws, query_start)
    _follow(aws, run, scoring, started.pipeline_execution, query_start.phase)


def _follow(aws: EmbeddedAws, run: BatchRun, scoring: BatchScoring, arn: str, phase: PhaseLog) -> None:
    run.result = scoring.follow(arn, phase.show)
    run.failed_rows = _failed_rows(aws, run.result)
    phase.log(run.line)


def _failed_rows(aws: EmbeddedAws, result: ScoringResult) -> list[dict[str, Any]]:
    if not result.reports:
        return []
    bucket, _, key = result.reports.removeprefix("s3://").partition("/")
    body = aws.client("s3").get_object(Bucket=bucket, Key=f"{key}/failed_rows.jsonl")["Body"].read()
    rows = [json.loads(line) for line in body.decode().splitlines()]
    return [{name: row[name] for name in ("file", "row", "reason")} for row in rows[:100]]
