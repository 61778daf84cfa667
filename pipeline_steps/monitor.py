"""monitor: an endpoint's requests and responses of a period, beside what its model was trained on."""

import argparse
import os
import time
from collections.abc import Sequence

from pipeline_steps.arguments import StepParser, finite, positive, share
from pipeline_steps.artifact.reading import Artifact, read_archive
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.documents import read_json, write_json
from pipeline_steps.log import log
from pipeline_steps.monitoring.capture_records import CaptureRecords, read_capture_records
from pipeline_steps.monitoring.constraints import ConstraintLimits
from pipeline_steps.monitoring.examination import MonitoredModel, examine
from pipeline_steps.monitoring.facets import Facet
from pipeline_steps.monitoring.findings import Findings
from pipeline_steps.monitoring.ground_truth import Outcomes, read_outcomes
from pipeline_steps.monitoring.model_quality import truth_reader
from pipeline_steps.monitoring.monitoring_environment import MonitoringEnvironment
from pipeline_steps.monitoring.monitoring_metrics import emit, metric_lines
from pipeline_steps.monitoring.monitoring_options import (
    OUTCOMES,
    REQUESTS,
    ExplanationOptions,
    MonitoringOptions,
    QualityLimits,
    QualityOptions,
)
from pipeline_steps.paths import Paths


def parser() -> StepParser:
    """The command line of `monitor`; the rest is in the environment, as Model Monitor sets it."""
    made, usual = StepParser("monitor"), ConstraintLimits()
    made.add_argument("--max-input-drift", type=finite, default=usual.input_drift)
    made.add_argument("--max-prediction-drift", type=finite, default=usual.prediction_drift)
    made.add_argument("--exclude-from-drift", action="append", default=[], metavar="COLUMN")
    made.add_argument("--max-accuracy-loss", type=share, default=0.05)
    made.add_argument("--max-auc-loss", type=share, default=0.05)
    made.add_argument("--max-error-growth", type=positive, default=0.1, help="of errors, as a share of validation's")
    made.add_argument("--facet", action="append", type=Facet.parse, default=[], metavar="JSON")
    made.add_argument("--min-ndcg", type=share)
    made.add_argument(
        "--only",
        choices=(REQUESTS, OUTCOMES),
        help="findings from requests, or from outcomes",
    )
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    arguments = parser().parse_args(argv)
    environment = MonitoringEnvironment.from_environment(os.environ, paths)
    captured = read_capture_records(environment.source, start=environment.start, end=environment.end)
    package, model = find_model(paths, captured)
    if model is None:
        write_json(environment.output / "statistics.json", {"version": 0, "dataset": {"item_count": 0}, "features": []})
        paths.write_message("Completed: no request of this period was captured.")
        return
    baseline = Baseline.from_document(model.document("baseline.json"), model.contract)
    options = MonitoringOptions(
        limits=ConstraintLimits(
            input_drift=arguments.max_input_drift,
            prediction_drift=arguments.max_prediction_drift,
            excluded_from_drift=frozenset(arguments.exclude_from_drift),
        ),
        constraints=read_json(environment.constraints) if environment.constraints else None,
        quality=_quality(arguments, paths, model),
        explained=_explained(arguments, model),
        only=arguments.only,
    )
    findings = examine(captured, MonitoredModel(package, model.contract, baseline), options)
    _report(findings, environment, paths)


def _report(findings: Findings, environment: MonitoringEnvironment, paths: Paths) -> None:
    for name, document in findings.documents.items():
        write_json(environment.output / name, document)
    emit(findings, environment, write=log, timestamp_ms=round(time.time() * 1000))
    if environment.publishes:
        paths.metrics.parent.mkdir(parents=True, exist_ok=True)
        with paths.metrics.open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in metric_lines(findings, environment, now=time.time()))
    paths.write_message(findings.message)


def find_model(paths: Paths, captured: CaptureRecords) -> tuple[str, Artifact | None]:
    """Find the model whose responses were captured: an input of the job, or else in the registry.

    Returns:
        The model package the newest record names ("" when none does), and its artifact.
    """
    package = next((record.model_package for record in reversed(captured.records) if record.model_package), "")
    archive = paths.processing_input("model") / "model.tar.gz"
    if archive.exists() or (captured.records and not package):
        return package, read_archive(archive)
    if not captured.records:
        return "", None
    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)
    from pipeline_steps.evaluation.champion import fetch_archive  # noqa: PLC0415

    session = aws_session()
    content = fetch_archive(package, sagemaker=session.client("sagemaker"), s3=session.client("s3"))
    return package, read_archive(content)


def _quality(arguments: argparse.Namespace, paths: Paths, model: Artifact) -> QualityOptions:
    folder = paths.processing_input("outcomes")
    wanted = folder.is_dir() and arguments.only != REQUESTS
    found = read_outcomes(folder, truth_reader(model.contract)) if wanted else Outcomes()
    losses = {"accuracy": arguments.max_accuracy_loss, "auc": arguments.max_auc_loss}
    return QualityOptions(
        outcomes=found.values,
        malformed=found.malformed,
        trained=model.document("metrics.json").get("validation", {}),
        limits=QualityLimits(losses, arguments.max_error_growth),
    )


def _explained(arguments: argparse.Namespace, model: Artifact) -> ExplanationOptions:
    if arguments.min_ndcg is None or arguments.only == OUTCOMES:
        return ExplanationOptions(arguments.facet)
    return ExplanationOptions(arguments.facet, model.scorer.score, arguments.min_ndcg)
