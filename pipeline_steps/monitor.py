"""monitor: what an endpoint was asked and answered in a period, beside what its model was trained on."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.arguments import StepParser, finite, share
from pipeline_steps.artifact.archive import Model, read_model
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.baseline.baseline import parse_baseline
from pipeline_steps.documents import read_json, write_json
from pipeline_steps.monitoring.capture_records import Captured, read_captured
from pipeline_steps.monitoring.constraints import Limits
from pipeline_steps.monitoring.environment import Schedule
from pipeline_steps.monitoring.facets import Facet
from pipeline_steps.monitoring.findings import OUTCOMES, REQUESTS, Explained, Findings, Quality, examine
from pipeline_steps.monitoring.ground_truth import Outcomes, read_outcomes
from pipeline_steps.monitoring.monitoring_metrics import emit, metric_lines
from pipeline_steps.paths import Paths


def parser() -> StepParser:
    """The command line of `monitor`; the rest is in the environment, as Model Monitor sets it."""
    made, usual = StepParser("monitor"), Limits()
    made.add_argument("--max-input-shift", type=finite, default=usual.input_shift)
    made.add_argument("--max-prediction-shift", type=finite, default=usual.prediction_shift)
    made.add_argument("--unwatched", action="append", default=[], metavar="COLUMN")
    made.add_argument("--max-accuracy-loss", type=share, default=0.05)
    made.add_argument("--max-auc-loss", type=share, default=0.05)
    made.add_argument("--facet", action="append", type=Facet.parse, default=[], metavar="JSON")
    made.add_argument("--min-ndcg", type=share)
    made.add_argument("--only", choices=(REQUESTS, OUTCOMES), help="what outcomes tell is for another run, or for this")
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    arguments = parser().parse_args(argv)
    schedule = Schedule.from_environment(os.environ, paths)
    captured = read_captured(schedule.source, start=schedule.start, end=schedule.end)
    package, model = find_model(paths, captured)
    if model is None:
        write_json(schedule.output / "statistics.json", {"version": 0, "dataset": {"item_count": 0}, "features": []})
        _end(paths, "Completed: no request of this period was captured.")
        return
    findings = examine(
        captured,
        package=package,
        contract=model.contract,
        baseline=parse_baseline(model.files["baseline.json"], model.contract),
        limits=Limits(
            input_shift=arguments.max_input_shift,
            prediction_shift=arguments.max_prediction_shift,
            unwatched=frozenset(arguments.unwatched),
        ),
        constraints=read_json(schedule.constraints) if schedule.constraints else None,
        quality=_quality(arguments, paths, model),
        explained=_explained(arguments, model),
        only=arguments.only,
    )
    _report(findings, schedule, paths)


def _report(findings: Findings, schedule: Schedule, paths: Paths) -> None:
    for name, document in findings.documents.items():
        write_json(schedule.output / name, document)
    emit(findings, schedule, write=_say, timestamp_ms=round(time.time() * 1000))
    if schedule.publishes:
        paths.metrics.parent.mkdir(parents=True, exist_ok=True)
        with paths.metrics.open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in metric_lines(findings, schedule, now=time.time()))
    _end(paths, findings.message)


def find_model(paths: Paths, captured: Captured) -> tuple[str, Model | None]:
    """Find the model whose answers were captured: laid down as an input, or else in the registry.

    Returns:
        The model package the newest record names ("" when none does), and its artifact.
    """
    package = next((record.model_package for record in reversed(captured.records) if record.model_package), "")
    laid_down = paths.processing_input("model") / "model.tar.gz"
    if laid_down.exists() or (captured.records and not package):
        return package, read_model(laid_down)
    if not captured.records:
        return "", None
    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)
    from pipeline_steps.evaluation.champion import fetch_archive  # noqa: PLC0415

    session = aws_session()
    content = fetch_archive(package, sagemaker=session.client("sagemaker"), s3=session.client("s3"))
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "model.tar.gz"
        archive.write_bytes(content)
        return package, read_model(archive)


def _quality(arguments: argparse.Namespace, paths: Paths, model: Model) -> Quality:
    folder = paths.processing_input("outcomes")
    asked = folder.is_dir() and arguments.only != REQUESTS
    found = read_outcomes(folder, model.contract.positive_label) if asked else Outcomes()
    return Quality(
        outcomes={identifier: [value > 0 for value in values] for identifier, values in found.values.items()},
        malformed=found.malformed,
        trained=model.documents["metrics.json"].get("validation", {}),
        max_losses={"accuracy": arguments.max_accuracy_loss, "auc": arguments.max_auc_loss},
    )


def _explained(arguments: argparse.Namespace, model: Model) -> Explained:
    if arguments.min_ndcg is None or arguments.only == OUTCOMES:
        return Explained(arguments.facet)
    return Explained(arguments.facet, Scorer(model.files["model.onnx"]).score, arguments.min_ndcg)


def _end(paths: Paths, message: str) -> None:
    paths.message.parent.mkdir(parents=True, exist_ok=True)
    paths.message.write_text(message, encoding="utf-8")
    _say(message)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
