"""monitor as Model Monitor runs it: captures and the environment in, reports and a message out."""

import json
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import Request

PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/shop/3"
HOUR = "2026-11-05T14:{minute:02d}:00Z"


@dataclass
class Period:
    """The tree of one monitoring job."""

    base: Path
    run: Callable[..., Any]

    @property
    def reports(self) -> dict[str, Any]:
        folder = self.base / "processing/reports"
        return {path.name: json.loads(path.read_text()) for path in folder.iterdir()}

    @property
    def violations(self) -> list[dict[str, str]]:
        return self.reports["constraint_violations.json"]["violations"]

    @property
    def checks(self) -> set[tuple[str, str]]:
        return {
            (entry.get("feature_name") or entry["metric_name"], entry["constraint_check_type"])
            for entry in self.violations
        }

    def end(self, *flags: str, **environment: str) -> tuple[str, dict[str, Any]]:
        """Run the job; gives its exit message and the metrics of its log."""
        variables = {
            "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
            "dataset_source": "/opt/ml/processing/input/endpoint",
            "output_path": "/opt/ml/processing/reports",
            "start_time": "2026-11-05T14:00:00Z",
            "end_time": "2026-11-05T15:00:00Z",
            "publish_cloudwatch_metrics": "Enabled",
            "sagemaker_endpoint_name": "shop",
            "sagemaker_monitoring_schedule_name": "shop-hourly",
        }
        ended = self.run(self.base, "monitor", *flags, environment=variables | environment)
        assert ended.returncode == 0, ended.stderr
        *lines, message = ended.stdout.splitlines()
        assert (self.base / "output/message").read_text() == message
        return message, json.loads(lines[0]) if lines else {}


def _record(body: str, answer: str, number: int, *, package: str = PACKAGE, minute: int = 10) -> dict[str, Any]:
    return {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": body, "encoding": "CSV"},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": answer, "encoding": "CSV"},
        },
        "eventMetadata": {
            "eventId": f"event-{number}",
            "inferenceId": f"visit-{number}",
            "customAttributes": [f"model_package={package}"],
            "inferenceTime": HOUR.format(minute=minute),
        },
        "eventVersion": "0",
    }


def _write(file: Path, documents: list[Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(document) + "\n" for document in documents))


@pytest.fixture
def period(jobs, run_verb, shop, tmp_path: Path) -> Callable[..., Period]:
    """A period of the shop's visitors, as `change` alters their rows."""
    artifact = read_folder(jobs.boosted / "model")
    handle = Application(artifact.contract, artifact.scorer).handle
    jobs.archive(jobs.boosted, tmp_path / "processing/input/model/model.tar.gz")

    def make(change: Callable[[list[str]], object] = list, *, visitors: int = 600) -> Period:
        records, outcomes = [], []
        for number, row in enumerate(shop(visitors, seed=9)):
            bought = row.pop()
            request = Request("POST", "/invocations", {"content-type": "text/csv", "accept": "text/csv"})
            change(row)
            request.body = ",".join(row).encode()
            given = handle(request)
            records.append(
                _record(request.body.decode(), given.body.decode() if given.status == 200 else "0.5\n", number)
            )
            truth = {"groundTruthData": {"data": bought, "encoding": "CSV"}, "eventVersion": "0"}
            outcomes.append({**truth, "eventMetadata": {"eventId": f"visit-{number}"}})
        _write(tmp_path / "processing/input/endpoint/shop/primary/2026/11/05/14/10-00-a.jsonl", records)
        _write(tmp_path / "outcomes.jsonl", outcomes)
        return Period(tmp_path, run_verb)

    return make


def _label(period: Period) -> None:
    target = period.base / "processing/input/outcomes/2026/11/06/03/labels.jsonl"
    target.parent.mkdir(parents=True)
    (period.base / "outcomes.jsonl").rename(target)


def test_a_healthy_period_completes_without_violations(period) -> None:
    found = period()
    message, metrics = found.end()
    assert message == "Completed: no violation in 600 rows, 0 with an outcome, 0 records left out."
    assert found.violations == []
    assert (metrics["Endpoint"], metrics["MonitoringSchedule"]) == ("shop", "shop-hourly")
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Slipway/Monitoring"
    assert directive["Dimensions"] == [["Endpoint", "MonitoringSchedule"]]
    assert (metrics["ScoredRows"], metrics["Violations"]) == (600, 0)
    assert metrics["PredictionDrift"] < 0.25
    assert metrics["InputDrift"] < 0.5


def test_statistics_have_model_monitors_form(period) -> None:
    found = period()
    found.end()
    statistics = found.reports["statistics.json"]
    assert (statistics["version"], statistics["dataset"]) == (0, {"item_count": 600})
    visits, spend, month, returning, score = statistics["features"]
    assert [entry["name"] for entry in statistics["features"]] == ["visits", "spend", "month", "returning", "score"]
    kinds = [entry["inferred_type"] for entry in statistics["features"]]
    assert kinds == ["Integral", "Fractional", "String", "String", "Fractional"]
    common = spend["numerical_statistics"]["common"]
    assert common["num_present"] + common["num_missing"] == 600
    assert common["num_missing"] > 0
    distribution = visits["numerical_statistics"]["distribution"]["kll"]
    assert sum(bucket["count"] for bucket in distribution["buckets"]) == 600
    assert [len(level) for level in distribution["sketch"]["data"]] == [600]
    buckets = month["string_statistics"]["distribution"]["categorical"]["buckets"]
    assert {bucket["value"] for bucket in buckets} >= {"Feb", "May", "Nov", "Dec"}
    assert sum(bucket["count"] for bucket in buckets) == 600
    assert returning["string_statistics"]["distinct_count"] == 2
    assert 0 < score["numerical_statistics"]["mean"] < 1


def test_constraints_come_from_the_models_own_baseline(period) -> None:
    found = period()
    found.end("--max-input-drift=0.7")
    constraints = found.reports["constraints.json"]
    visits, spend, month, _, score = constraints["features"]
    assert visits == {
        "name": "visits",
        "inferred_type": "Fractional",
        "completeness": 1.0,
        "num_constraints": {"is_non_negative": True},
    }
    assert 0.9 < spend["completeness"] < 1
    assert set(month["string_constraints"]["domains"]) >= {"Feb", "May", "Nov", "Dec"}
    assert score["monitoringConfigOverrides"]["distribution_constraints"] == {"comparison_threshold": 0.25}
    assert constraints["monitoring_config"]["distribution_constraints"]["comparison_threshold"] == 0.7


def test_metrics_are_written_to_the_file_that_model_monitor_publishes(period) -> None:
    found = period()
    found.end()
    lines = (found.base / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    metrics = {json.loads(line)["MetricName"]: json.loads(line) for line in lines}
    assert {"feature_baseline_drift_month", "feature_non_null_month", "feature_baseline_drift_score"} <= metrics.keys()
    assert metrics["feature_non_null_visits"]["Value"] == 600
    assert metrics["feature_non_null_visits"]["Dimensions"] == [
        {"Name": "Endpoint", "Value": "shop"},
        {"Name": "MonitoringSchedule", "Value": "shop-hourly"},
    ]


def test_the_metrics_file_is_only_written_where_metrics_are_enabled(period) -> None:
    found = period()
    found.end(publish_cloudwatch_metrics="Disabled")
    assert not (found.base / "output/metrics").exists()


def _set(place: int, value: str, *, of_ten: int = 10) -> Callable[[list[str]], None]:
    chance = random.Random(3)  # noqa: S311 (made-up data)

    def change(row: list[str]) -> None:
        if chance.random() < of_ten / 10:
            row[place] = value

    return change


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (_set(2, "Nov", of_ten=9), ("month", "baseline_drift_check")),
        (_set(2, "Nov", of_ten=9), ("score", "baseline_drift_check")),
        (_set(2, "Mars", of_ten=3), ("month", "categorical_values_check")),
        (_set(1, "", of_ten=3), ("spend", "completeness_check")),
        (_set(0, "many", of_ten=2), ("visits", "data_type_check")),
        (lambda row: row.append("9"), ("column 5", "extra_column_check")),
        (lambda row: row.pop(), ("returning", "missing_column_check")),
    ],
)
def test_violations_of_a_period_are_reported(period, change: Any, check: tuple[str, str]) -> None:
    found = period(change)
    message, metrics = found.end()
    assert check in found.checks
    assert metrics["Violations"] == len(found.violations)
    assert message.startswith(f"CompletedWithViolations: {len(found.violations)} violations in 600 rows, ")


def test_drift_of_an_excluded_column_is_not_reported(period) -> None:
    found = period(_set(3, "TRUE"))
    found.end("--exclude-from-drift=returning")
    assert ("returning", "baseline_drift_check") not in found.checks


def test_constraints_that_are_given_decide(period) -> None:
    found = period(_set(2, "Nov", of_ten=9))
    loose = {
        "version": 0,
        "features": [],
        "monitoring_config": {"distribution_constraints": {"comparison_threshold": 99}},
    }
    _write(found.base / "processing/baseline/constraints.json", [loose])
    found.end(baseline_constraints="/opt/ml/processing/baseline/constraints.json")
    assert found.violations == []
    assert found.reports["constraints.json"] == loose


def test_drift_of_too_few_rows_is_not_evaluated(period) -> None:
    found = period(_set(2, "Nov"), visitors=150)
    message, metrics = found.end()
    assert message.startswith("Completed: no violation in 150 rows")
    assert message.endswith("too few rows to evaluate drift.")
    assert "PredictionDrift" not in metrics


def test_only_the_period_and_only_the_newest_model_count(period) -> None:
    found = period(visitors=300)
    folder = found.base / "processing/input/endpoint/shop/primary/2026/11/05"
    early = _record("1,2,Nov,TRUE", "0.5\n", 1)
    early["eventMetadata"]["inferenceTime"] = "2026-11-05T13:59:59Z"
    late = _record("1,2,Nov,TRUE", "0.5\n", 2)
    late["eventMetadata"]["inferenceTime"] = "2026-11-05T15:00:00Z"
    _write(folder / "13/59-00-z.jsonl", [early, _record("1,2,Nov,TRUE", "0.5\n", 3, package="older"), {"no": "record"}])
    _write(folder / "15/00-00-z.jsonl", [late])
    message, _ = found.end()
    assert message == "Completed: no violation in 300 rows, 0 with an outcome, 2 records left out."


def test_an_empty_period_completes_and_says_so(run_verb, tmp_path: Path) -> None:
    message, metrics = Period(tmp_path, run_verb).end()
    assert message == "Completed: no request of this period was captured."
    assert metrics == {}
    assert Period(tmp_path, run_verb).reports["statistics.json"]["dataset"] == {"item_count": 0}


def test_outcomes_make_quality_known(period) -> None:
    found = period()
    _label(found)
    message, metrics = found.end()
    assert "600 with an outcome" in message
    measured = found.reports["statistics.json"]["binary_classification_metrics"]
    assert sum(count for row in measured["confusion_matrix"].values() for count in row.values()) == 600
    assert metrics["AUC"] == measured["auc"]["value"] > 0.7
    assert metrics["LabelledRows"] == 600
    assert 0 < measured["auc"]["standard_deviation"] < 0.05
    assert (found.violations, metrics["QualityViolations"]) == ([], 0)


def test_lower_quality_is_reported(period) -> None:
    found = period()
    chance = random.Random(4)  # noqa: S311 (made-up data)
    lines = [{"inference_id": f"visit-{number}", "value": chance.choice([0, 25.5])} for number in range(600)]
    _write(found.base / "processing/input/outcomes/labels.jsonl", lines)
    message, metrics = found.end()
    assert found.checks == {("accuracy", "LessThanThreshold"), ("auc", "LessThanThreshold")}
    assert metrics["QualityViolations"] == 2
    assert message.startswith("CompletedWithViolations: 2 violations in 600 rows, 600 with an outcome, ")


def test_quality_of_few_outcomes_is_measured_and_not_evaluated(period) -> None:
    found = period()
    _write(
        found.base / "processing/input/outcomes/labels.jsonl",
        [{"inference_id": f"visit-{number}", "value": number % 2} for number in range(58)],
    )
    _, metrics = found.end()
    assert metrics["LabelledRows"] == 58
    assert "QualityViolations" not in metrics
    assert found.violations == []


def facet(name: str, *, limit: float = 0.2, **more: Any) -> str:
    return "--facet=" + json.dumps({"name": name, "metrics": {"DPPL": limit}, **more})


def _dppl(found: Period, name: str) -> dict[str, dict[str, float]]:
    groups = found.reports["analysis.json"]["post_training_bias_metrics"]["facets"][name]
    return {group["value_or_threshold"]: group["metrics"][0] for group in groups}


def test_bias_of_predictions_is_reported_where_a_facet_is_given(period) -> None:
    found = period()
    found.end(facet("month", reference="parity"), facet("returning", reference="parity"))
    month, returning = ({text: each["value"] for text, each in _dppl(found, n).items()} for n in ("month", "returning"))
    assert month["Nov"] < -0.2 < 0 < month["Feb"]
    assert returning["TRUE"] == pytest.approx(-returning["FALSE"])
    assert ("month", "bias_drift_check") in found.checks
    assert ("returning", "bias_drift_check") not in found.checks


def test_a_model_that_always_favoured_a_group_has_not_drifted(period) -> None:
    found = period()
    _, metrics = found.end(facet("month", values=["Nov"], limit=0.1), facet("visits", threshold=25, limit=0.1))
    assert found.violations == []
    assert metrics["BiasViolations"] == 0
    november = _dppl(found, "month")["Nov"]
    assert november["value"] == pytest.approx(november["baseline"], abs=0.2)
    assert november["baseline"] < -0.2
    assert _dppl(found, "visits").keys() == {">25"}


def _only_returning(row: list[str]) -> None:
    row[2] = "Nov" if row[3] == "TRUE" else "Feb"


def test_bias_drift_is_reported_in_clarifys_format(period) -> None:
    found = period(_only_returning)
    _, metrics = found.end(facet("returning", values=["TRUE"], limit=0.1))
    (violation,) = [each for each in found.violations if each["constraint_check_type"] == "bias_drift_check"]
    assert (violation["facet"], violation["facet_value"], violation["metric_name"]) == ("returning", "TRUE", "DPPL")
    assert metrics["BiasViolations"] == 1


def test_each_groups_metrics_are_found_by_facet_and_value(period, run_verb) -> None:
    found = period(_only_returning)
    ended = run_verb(
        found.base,
        "monitor",
        facet("returning", values=["TRUE"], metrics={"DPPL": 0.1, "DI": 0.3}),
        environment={"sagemaker_endpoint_name": "shop"},
    )
    reported = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    by_facet = {metric: each for each in reported if "Facet" in each for metric in ("DPPL", "DI") if metric in each}
    assert by_facet["DPPL"]["DPPL"] < -0.3
    assert by_facet["DI"]["DI"] > 2
    for line in by_facet.values():
        assert (line["Facet"], line["FacetValue"]) == ("returning", "TRUE")
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["Endpoint", "Facet", "FacetValue"]]


WRONG_ABOUT = {"AD": 0.1, "RD": 0.3, "DPPL": 0.3}


def _metrics(found: Period, name: str) -> dict[str, dict[str, Any]]:
    (group,) = found.reports["analysis.json"]["post_training_bias_metrics"]["facets"][name]
    return {entry["name"]: entry for entry in group["metrics"]}


def test_bias_of_errors_is_measured_once_outcomes_are_there(period) -> None:
    found = period()
    _label(found)
    message, metrics = found.end(facet("returning", values=["TRUE"], metrics=WRONG_ABOUT))
    assert message == "Completed: no violation in 600 rows, 600 with an outcome, 0 records left out."
    assert (metrics["LabelledBiasViolations"], metrics["BiasViolations"], metrics["BiasNotJudged"]) == (0, 0, 0)
    for entry in _metrics(found, "returning").values():
        assert entry["value"] == pytest.approx(entry["baseline"], abs=0.3)
        assert "error" not in entry


def test_drift_of_the_bias_of_errors_is_reported(period) -> None:
    returning: list[str] = []
    found = period(lambda row: returning.append(row[3]))
    outcomes = found.base / "outcomes.jsonl"
    records = [json.loads(line) for line in outcomes.read_text().splitlines()]
    for number, (record, who) in enumerate(zip(records, returning, strict=True)):
        if who == "TRUE":
            record["groundTruthData"]["data"] = "TRUE" if number % 2 else "FALSE"
    _write(outcomes, records)
    _label(found)
    message, metrics = found.end(facet("returning", values=["TRUE"], metrics=WRONG_ABOUT), "--max-accuracy-loss=1")
    assert (metrics["LabelledBiasViolations"], metrics["BiasViolations"]) == (1, 0)
    (violation,) = [each for each in found.violations if each["constraint_check_type"] == "bias_drift_check"]
    assert (violation["facet_value"], violation["metric_name"]) == ("TRUE", "AD")
    assert message.startswith("CompletedWithViolations: ")


def _shifted_and_wrong(row: list[str]) -> None:
    row[1] = "999.0"


def test_where_outcomes_come_late_one_run_examines_the_requests(period) -> None:
    found = period(_shifted_and_wrong)
    _label(found)
    option = facet("returning", values=["TRUE"], metrics=WRONG_ABOUT)
    message, metrics = found.end(option, "--only=requests", "--min-ndcg=0.1")
    assert ("spend", "baseline_drift_check") in found.checks
    assert " rows, 0 with an outcome, " in message
    assert "not evaluated" not in message
    assert {"Violations", "ScoredRows", "InputDrift", "BiasViolations", "NDCG"} <= metrics.keys()
    assert not {"LabelledRows", "QualityViolations", "LabelledBiasViolations"} & metrics.keys()
    assert set(_metrics(found, "returning")) == {"DPPL"}


def test_and_the_other_the_outcomes_of_older_ones_and_nothing_else(period) -> None:
    found = period(_shifted_and_wrong)
    chance = random.Random(4)  # noqa: S311 (made-up data)
    lines = [{"inference_id": f"visit-{number}", "value": chance.choice([0, 25.5])} for number in range(600)]
    _write(found.base / "processing/input/outcomes/labels.jsonl", lines)
    option = facet("returning", values=["TRUE"], metrics=WRONG_ABOUT)
    message, metrics = found.end(option, "--only=outcomes", "--min-ndcg=0.1")
    # The requests of this period have been reported when they were new.
    assert {check for _, check in found.checks} <= {"LessThanThreshold", "bias_drift_check"}
    assert ("auc", "LessThanThreshold") in found.checks
    assert message.startswith("CompletedWithViolations: ")
    assert metrics["LabelledRows"] == 600
    assert metrics["QualityViolations"] >= 1
    assert not {"Violations", "ScoredRows", "InputDrift", "PredictionDrift", "BiasViolations", "NDCG"} & metrics.keys()
    assert "DPPL" not in _metrics(found, "returning")
    lines = (found.base / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    assert {"auc", "accuracy"} <= (names := {json.loads(line)["MetricName"] for line in lines})
    assert not [name for name in names if name.startswith("feature_")]


def test_a_period_without_outcomes_reports_that(period) -> None:
    found = period()
    message, metrics = found.end("--only=outcomes")
    assert message.startswith("Completed: no violation in 600 rows, 0 with an outcome, ")
    assert metrics["LabelledRows"] == 0


def test_bias_is_not_evaluated_without_outcomes_and_the_job_says_so(period) -> None:
    found = period()
    message, metrics = found.end(facet("returning", values=["TRUE"], metrics=WRONG_ABOUT))
    assert message.endswith("0 with an outcome, 0 records left out, bias not evaluated: no labels (2).")
    assert (metrics["BiasViolations"], metrics["BiasNotJudged"]) == (0, 2)
    assert not {"LabelledBiasViolations", "QualityViolations"} & metrics.keys()
    reported = _metrics(found, "returning")
    assert reported["AD"]["value"] is reported["RD"]["value"] is None
    assert reported["RD"]["error"] == "no labels, not evaluated"
    assert "error" not in reported["DPPL"]


def test_an_outcome_belongs_to_its_own_request_though_others_are_left_out(period) -> None:
    found = period()
    _label(found)
    flags = facet("returning", values=["TRUE"], metrics={"AD": 0.1, "RD": 0.3})
    found.end(flags)
    before = found.reports["analysis.json"]
    early = [_record('"', "0.9\n0.1\n", number) for number in range(1000, 1100)]
    folder = found.base / "processing/input"
    _write(folder / "endpoint/shop/primary/2026/11/05/14/00-00-a.jsonl", early)
    _write(folder / "outcomes/early.jsonl", [{"inference_id": f"visit-{n}", "value": 1} for n in range(1000, 1100)])
    message, _ = found.end(flags)
    assert "100 records left out" in message
    assert found.reports["analysis.json"] == before


def test_columns_that_sway_a_healthy_period_are_the_usual_ones(period) -> None:
    found = period()
    _, metrics = found.end("--min-ndcg=0.9")
    assert 0.9 < metrics["NDCG"] <= 1
    assert found.violations == []
    explained = found.reports["analysis.json"]["explanations"]["occlusion"]["bought"]
    assert explained["global_occlusion_values"].keys() == explained["baseline"].keys()
    assert max(explained["baseline"], key=explained["baseline"].get) == "month"


def _unlike(row: list[str]) -> None:
    row[0], row[2] = "40", "Dec"


def test_attribution_drift_is_reported_in_clarifys_format(period) -> None:
    found = period(_unlike)
    _, metrics = found.end("--min-ndcg=0.99")
    assert metrics["NDCG"] < 0.99
    (violation,) = [e for e in found.violations if e["constraint_check_type"] == "feature_attribution_drift_check"]
    assert (violation["label"], violation["metric_name"]) == ("bought", "occlusion")


def test_without_options_there_is_no_analysis(period) -> None:
    found = period()
    _, metrics = found.end()
    assert "analysis.json" not in found.reports
    assert not {"NDCG", "BiasViolations"} & metrics.keys()


def test_a_model_without_such_a_baseline_is_not_evaluated_against_it(period, jobs, tmp_path: Path) -> None:
    found = period(_only_returning)
    older = tmp_path / "older"
    shutil.copytree(jobs.boosted / "model", older / "model")
    baseline = json.loads((older / "model/baseline.json").read_text())
    del baseline["predictions"], baseline["attributions"]
    (older / "model/baseline.json").write_text(json.dumps(baseline))
    jobs.archive(older, tmp_path / "processing/input/model/model.tar.gz")
    _, metrics = found.end(facet("returning"), "--min-ndcg=0.99")
    assert not {"NDCG", "BiasViolations"} & metrics.keys()
    assert _dppl(found, "returning")["TRUE"]["baseline"] is None
    assert "bias_drift_check" not in {check for _, check in found.checks}


@pytest.mark.parametrize(
    ("flags", "variables", "reason"),
    [
        ([facet("colour")], {}, "--facet must name one of visits, spend, month, returning, got colour"),
        ([facet("visits")], {}, "--facet of the number column visits must have a threshold"),
        (
            [facet("month", values=["Mars"])],
            {},
            "--facet must name categories of month that the model has, got 'Mars'",
        ),
        (["--facet=month"], {}, "--facet must describe a facet, got 'month'"),
        (["--facet={}"], {}, "--facet must describe a facet, got '{}'"),
        (
            [facet("month", metrics={"KL": 0.1})],
            {},
            "--facet must have metrics of DPPL, DI, AD, DCA, DCR, RD, SD, DAR, DRR, TE, got ",
        ),
        (["--min-ndcg=2"], {}, "pipeline_steps monitor: argument --min-ndcg: must be a number in 0..1, got 2"),
        ([], {"start_time": "noon"}, "start_time must be an ISO 8601 time, got 'noon'"),
        ([], {"end_time": "2026-11-05T15:00:00"}, "end_time must have a time zone, got '2026-11-05T15:00:00'"),
        ([], {"dataset_format": '{"parquet": {}}'}, "dataset_format must be sagemakerCaptureJson, got "),
    ],
)
def test_what_cannot_be_done_is_refused(
    period, run_verb, flags: list[str], variables: dict[str, str], reason: str
) -> None:
    ended = run_verb(period(visitors=10).base, "monitor", *flags, environment=variables)
    assert ended.returncode == 1
    assert ended.stderr.startswith(reason)


def test_a_malformed_outcome_is_counted_and_loses_no_other(period, run_verb) -> None:
    found = period(visitors=10)
    lines = [{"inference_id": "visit-1"}, {"inference_id": "visit-2", "value": 1}]
    _write(found.base / "processing/input/outcomes/labels.jsonl", lines)
    ended = run_verb(found.base, "monitor")
    assert ended.returncode == 0, ended.stderr
    assert "10 rows, 1 with an outcome, 0 records left out, 1 lines are no outcome" in ended.stdout


@contextmanager
def _registry(archive: bytes) -> Iterator[dict[str, str]]:
    class Registry(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            option = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert option == {"ModelPackageName": PACKAGE}
            containers = [{"Image": "image", "ModelDataUrl": "s3://artifacts/three/model.tar.gz"}]
            self._reply(json.dumps({"InferenceSpecification": {"Containers": containers}}).encode())

        def do_GET(self) -> None:
            assert self.path.split("?")[0] == "/artifacts/three/model.tar.gz"
            self._reply(archive)

        def log_message(self, *_: object) -> None:
            pass

        def _reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
            yield {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", **keys}
        finally:
            server.shutdown()
            thread.join()


def test_the_model_is_fetched_from_the_registry_where_it_is_no_input(period) -> None:
    found = period(visitors=250)
    archive = found.base / "processing/input/model/model.tar.gz"
    content = archive.read_bytes()
    archive.unlink()
    with _registry(content) as environment:
        message, _ = found.end(**environment)
    assert message.startswith("Completed: no violation in 250 rows")


def test_an_unreachable_registry_is_reported(period, run_verb) -> None:
    found = period(visitors=10)
    (found.base / "processing/input/model/model.tar.gz").unlink()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    ended = run_verb(found.base, "monitor", environment=keys | nowhere)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"model package {PACKAGE} cannot be read: ")
