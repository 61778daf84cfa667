"""A period of requests to a model of each problem: drift, quality by outcomes, bias, attributions."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_steps.errors import StepError
from pipeline_steps.monitoring.capture_records import CaptureRecords, read_capture_records
from pipeline_steps.monitoring.constraints import ConstraintLimits
from pipeline_steps.monitoring.examination import MonitoredModel, examine
from pipeline_steps.monitoring.facets import Facet
from pipeline_steps.monitoring.findings import Findings
from pipeline_steps.monitoring.ground_truth import read_outcomes
from pipeline_steps.monitoring.model_quality import truth_reader
from pipeline_steps.monitoring.monitoring_environment import MonitoringEnvironment
from pipeline_steps.monitoring.monitoring_metrics import emit
from pipeline_steps.monitoring.monitoring_options import (
    ExplanationOptions,
    MonitoringOptions,
    QualityLimits,
    QualityOptions,
)
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpRequest
from tests.pipeline_steps.monitor.periods import record, write_lines
from tests.tiny_artifacts import NAMES, TinyModel, csv_body, tiny_model

WITH_OUTCOMES = [name for name in NAMES if problem_named(name).quality]
SECTIONS = {
    "binary": "binary_classification_metrics",
    "anomaly": "binary_classification_metrics",
    "multiclass": "multiclass_classification_metrics",
    "regression": "regression_metrics",
}


def captured(model: TinyModel, folder: Path, accept: str = "text/csv") -> CaptureRecords:
    """A request a row, as the model's server answers it."""
    handle = Application(model.contract, model.artifact.scorer).handle
    records = []
    for number, row in enumerate(csv_body(model.table).splitlines(keepends=True)):
        headers = {"content-type": "text/csv", "accept": accept}
        response = handle(HttpRequest("POST", "/invocations", headers, row))
        found = record(row.decode(), response.body.decode(), number)
        found["captureData"]["endpointOutput"]["observedContentType"] = accept
        records.append(found)
    write_lines(folder / "captures/2026/11/05/14/a.jsonl", records)
    return read_capture_records(folder / "captures", start=None, end=None)


def outcomes(model: TinyModel, folder: Path, order: Sequence[int]) -> dict[str, list[float]]:
    """A ground truth for each request: that of the row which `order` names."""
    lines = [
        {
            "groundTruthData": {"data": model.truth_text(row), "encoding": "CSV"},
            "eventMetadata": {"eventId": f"visit-{number}"},
        }
        for number, row in enumerate(order)
    ]
    write_lines(folder / "outcomes/a.jsonl", lines)
    found = read_outcomes(folder / "outcomes", truth_reader(model.contract))
    assert found.malformed == 0
    return found.values


def examined(
    model: TinyModel, records: CaptureRecords, known: dict[str, list[float]] | None = None, **explained: Any
) -> Findings:
    package = records.records[0].model_package
    trained = model.artifact.document("metrics.json")["validation"]
    limits = QualityLimits({"accuracy": 0.05, "auc": 0.05}, 0.1)
    options = MonitoringOptions(
        ConstraintLimits(), None, QualityOptions(known or {}, trained, limits), ExplanationOptions(**explained)
    )
    return examine(records, MonitoredModel(package, model.contract, model.baseline), options)


def published(found: Findings) -> dict[str, Any]:
    lines: list[str] = []
    environment = MonitoringEnvironment(Path(), Path(), None, None, None, False, {"Endpoint": "e"})
    emit(found, environment, write=lines.append, timestamp_ms=0)
    return json.loads(lines[0])


@pytest.mark.parametrize("accept", ["text/csv", "application/json"])
@pytest.mark.parametrize("name", NAMES)
def test_a_healthy_period_has_no_violation(name: str, accept: str, tmp_path: Path) -> None:
    model = tiny_model(name)
    found = examined(model, captured(model, tmp_path, accept), predict=model.artifact.scorer.score)
    assert (found.violations, found.rows, found.left_out) == ([], 500, 0)
    assert found.ndcg == pytest.approx(1, abs=0.05)
    assert published(found)["PredictionDrift"] < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_predictions_that_have_drifted_are_reported(name: str, tmp_path: Path) -> None:
    model = tiny_model(name)
    other = replace(tiny_model(name, bias=8), table=model.table)
    found = examined(model, captured(other, tmp_path))
    checks = {(each["feature_name"], each["constraint_check_type"]) for each in found.violations}
    assert ("score", "baseline_drift_check") in checks
    assert (("predicted label", "baseline_drift_check") in checks) == (model.baseline.labels is not None)
    assert published(found)["PredictionDrift"] > 0.25


@pytest.mark.parametrize("name", WITH_OUTCOMES)
def test_quality_is_measured_by_sagemakers_names_once_outcomes_are_known(name: str, tmp_path: Path) -> None:
    model = tiny_model(name)
    found = examined(model, captured(model, tmp_path), outcomes(model, tmp_path, range(500)))
    assert (found.labelled, found.violations, found.worse) == (500, [], 0)
    measured = found.documents["statistics.json"][SECTIONS[name]]
    assert all(set(entry) == {"value", "standard_deviation"} for entry in measured.values() if "value" in entry)
    metrics = published(found)
    quality = model.contract.problem.quality
    assert quality
    assert {name: metrics[name] for name in quality.published} == {
        name: measured[key]["value"] for name, key in quality.published.items()
    }


@pytest.mark.parametrize("name", WITH_OUTCOMES)
def test_lower_quality_is_reported(name: str, tmp_path: Path) -> None:
    model = tiny_model(name)
    shuffled = np.random.default_rng(5).permutation(500).tolist()
    found = examined(model, captured(model, tmp_path), outcomes(model, tmp_path, shuffled))
    assert {each["constraint_check_type"] for each in found.violations} <= {"LessThanThreshold", "GreaterThanThreshold"}
    assert found.worse
    assert published(found)["QualityViolations"] == found.worse == len(found.violations)


@pytest.mark.parametrize("name", WITH_OUTCOMES)
def test_quality_of_few_outcomes_is_not_evaluated(name: str, tmp_path: Path) -> None:
    model = tiny_model(name)
    found = examined(model, captured(model, tmp_path), outcomes(model, tmp_path, range(15)))
    assert (found.labelled, found.worse, found.violations) == (15, None, [])


def test_a_class_that_the_model_does_not_know_counts_as_wrong(tmp_path: Path) -> None:
    model = tiny_model("multiclass")
    known = outcomes(model, tmp_path, range(500))
    assert truth_reader(model.contract).read("returned") == -1
    strangers = {name: [-1.0] for name in list(known)[:250]}
    before, after = (
        examined(model, captured(model, tmp_path), given).quality["accuracy"]["value"]
        for given in (known, known | strangers)
    )
    assert after == pytest.approx(before / 2, abs=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_bias_is_measured_where_a_label_is_positive_and_refused_elsewhere(name: str, tmp_path: Path) -> None:
    model = tiny_model(name)
    facets = [Facet("month", ("Nov",), limits={"DPPL": 0.2})]
    records = captured(model, tmp_path)
    examine_bias: Callable[[], Findings] = lambda: examined(model, records, facets=facets)  # noqa: E731
    if model.contract.problem.label_kind == "positive":
        (bias,) = examine_bias().bias
        assert (bias.lacking, bias.drifted) == ("", False)
    else:
        with pytest.raises(StepError, match=f"whose labels are positive or not, got {name}"):
            examine_bias()
