"""`slipway score`: score files with the newest approved model, by the deployed pipeline."""

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.cli.arguments import add_command, add_json, add_use_case, deployed_stage, log, write
from slipway.errors import InputError
from slipway.rounding import counted

if TYPE_CHECKING:
    from slipway.operations.athena_query import AthenaQuery
    from slipway.operations.deployed_stage import DeployedStage
    from slipway.operations.scoring import BatchScoring, ScoringResult

_EPILOG = """\
Needs [batch] in the settings and its stack deployed. Every file below the prefix batch.input of the data bucket is
scored, or those of --input or --file: CSV with a header, lines of JSON, or Parquet, gzip or not. A result has the
file's name and .out: its rows in their order, with the prediction beside each. With [batch.query] that query is run
instead, as on the schedule: by its state machine, and with the machine's rights.

--query scores what Athena finds: it writes the rows of the SELECT to the artifacts bucket as Parquet, with your own
rights, before the execution is started.

A row that the model refuses is left out and reported by file, number and reason in failed_rows.jsonl. With more of them
than batch.max_failed_percent, or predictions that drift by more than batch.max_prediction_drift, nothing is published,
and the results stay where the report is.

exit codes:
  0    every row has a prediction, and the results are published; without --wait: the execution was started
  1    nothing was published: refused, failed, or AWS refuses a call
  2    settings or arguments are not acceptable
  3    the results are published, but some rows have no prediction

examples:
  slipway score --wait
  slipway score --stage prod --file customers.csv --output scored/
  slipway score --input s3://DATA_BUCKET/score/2026-11/ --wait --json
  slipway score --database shop --query "SELECT * FROM sessions WHERE day = DATE '2026-11-29'" --wait
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "score",
        run,
        summary="score files with the newest approved model",
        description="Score files in the account of your AWS credentials, by a transform job.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--input",
        metavar="S3_URI",
        help="a prefix below batch.input, or batch/queries/EXECUTION/ of the artifacts bucket, where the rows of "
        "[batch.query] stay (default: all of batch.input, or the rows of [batch.query])",
    )
    source.add_argument("--file", type=Path, metavar="FILE", help="a file of this machine, which is sent first")
    source.add_argument("--query", metavar="SQL", help="a SELECT that Athena runs with your rights; its rows")
    parser.add_argument("--database", metavar="NAME", help="of the tables that --query names")
    parser.add_argument("--workgroup", metavar="NAME", help="in which Athena runs --query (default: primary)")
    parser.add_argument(
        "--output",
        metavar="FOLDER|S3_URI",
        help="a folder of this machine that the results are fetched to at the end (of a refused batch the report and "
        "the failed rows, to its folder refused); or a prefix below "
        "batch/published/ of the artifacts bucket, which is the default",
    )
    parser.add_argument("--wait", action="store_true", help="wait for the end, and report each step")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Start an execution, and with --wait follow it to its end."""
    from slipway.operations.scoring import BatchScoring  # noqa: PLC0415 — boto3 takes a while

    query = _query(arguments)
    is_uri = str(arguments.output or "").startswith("s3://")
    folder = Path(arguments.output) if arguments.output and not is_uri else None
    with deployed_stage(arguments) as stage:
        if stage.settings.batch is None:
            raise InputError(f"{arguments.config} must have [batch], got none: add it, and deploy its stack")
        scoring = BatchScoring.of(stage, stage.settings.batch)
        source = arguments.input
        if arguments.file:
            source = scoring.upload(arguments.file)
        elif query:
            source = scoring.unload(query, log)
        elif execution := scoring.query_execution(source):
            _require_rows(stage, execution)
        if source is None and stage.settings.batch.query:
            arn = _run_scheduled_query(stage, arguments, is_uri=is_uri)
        else:
            arn = scoring.start(input_uri=source, output_uri=arguments.output if is_uri else None)
        log(f"started {arn}")
        if not (arguments.wait or folder):
            write(arguments, {"execution": arn}, lambda: f"{arn}\n")
            return 0
        return _ended(scoring, arn, arguments, folder)


def _run_scheduled_query(stage: "DeployedStage", arguments: argparse.Namespace, *, is_uri: bool) -> str:
    from slipway.operations.scheduled_query import ScheduledQuery  # noqa: PLC0415

    if is_uri:
        raise InputError(
            f"--output must be a folder where the rows of [batch.query] are scored, got {arguments.output}: give "
            "--input, --file or --query for another place"
        )
    return ScheduledQuery.of(stage).run(log).pipeline_execution


def _require_rows(stage: "DeployedStage", execution: str) -> None:
    from slipway.operations.scheduled_query import ScheduledQuery  # noqa: PLC0415

    ScheduledQuery.of(stage).require_rows(execution)


def _query(arguments: argparse.Namespace) -> "AthenaQuery | None":
    from slipway.operations.athena_query import AthenaQuery  # noqa: PLC0415

    if arguments.query is not None:
        return AthenaQuery.of(arguments.query, database=arguments.database, workgroup=arguments.workgroup)
    for name in ("database", "workgroup"):
        if getattr(arguments, name):
            raise InputError(f"--{name} must be given with --query alone, got {getattr(arguments, name)}")
    return None


def _ended(scoring: "BatchScoring", arn: str, arguments: argparse.Namespace, folder: Path | None) -> int:
    result = scoring.follow(arn, lambda line: sys.stderr.write(f"{line}\n"))
    write(arguments, dataclasses.asdict(result), lambda: _text(result))
    for path in scoring.download(result, folder) if folder else ():
        log(f"fetched {path}")
    if not result.published:
        return 1
    return 3 if result.failed_rows else 0


def _text(result: "ScoringResult") -> str:
    report = result.report
    lines = [result.reason] if result.reason else []
    if report:
        files = len(report["files"])
        lines.append(f"{report['scored']:,} of {report['rows']:,} rows in {counted(files, 'file')} have a prediction")
        drift = ", ".join(f"{name} {index:.3f}" for name, index in report["drift"].items())
        lines.append(f"drift of the predictions: {drift or 'not compared, too few rows'}")
    lines.append(f"published: {result.published or 'nothing'}")
    if result.reports and (result.failed_rows or not result.published):
        lines.append(f"report and failed rows: {result.reports}/")
    return "".join(f"{line}\n" for line in lines)
