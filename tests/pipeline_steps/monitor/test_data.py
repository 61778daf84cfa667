"""Data quality and drift of a period."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline_steps.monitor.periods import Period, record, write_lines


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
    visits, spend, month, returning, score, label = statistics["features"]
    names = ["visits", "spend", "month", "returning", "score", "predicted label"]
    assert [entry["name"] for entry in statistics["features"]] == names
    kinds = [entry["inferred_type"] for entry in statistics["features"]]
    assert kinds == ["Integral", "Fractional", "String", "String", "Fractional", "String"]
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
    assert sum(each["count"] for each in label["string_statistics"]["distribution"]["categorical"]["buckets"]) == 600


def test_constraints_come_from_the_models_own_baseline(period) -> None:
    found = period()
    found.end("--max-input-drift=0.7")
    constraints = found.reports["constraints.json"]
    visits, spend, month, _, score, _ = constraints["features"]
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


def cells_set_to(place: int, value: str, *, of_ten: int = 10) -> Callable[[list[str]], None]:
    chance = random.Random(3)  # noqa: S311 (made-up data)

    def change(row: list[str]) -> None:
        if chance.random() < of_ten / 10:
            row[place] = value

    return change


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (cells_set_to(2, "Nov", of_ten=9), ("month", "baseline_drift_check")),
        (cells_set_to(2, "Nov", of_ten=9), ("score", "baseline_drift_check")),
        (cells_set_to(2, "Mars", of_ten=3), ("month", "categorical_values_check")),
        (cells_set_to(1, "", of_ten=3), ("spend", "completeness_check")),
        (cells_set_to(0, "many", of_ten=2), ("visits", "data_type_check")),
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
    found = period(cells_set_to(3, "TRUE"))
    found.end("--exclude-from-drift=returning")
    assert ("returning", "baseline_drift_check") not in found.checks


def test_constraints_that_are_given_decide(period) -> None:
    found = period(cells_set_to(2, "Nov", of_ten=9))
    loose = {
        "version": 0,
        "features": [],
        "monitoring_config": {"distribution_constraints": {"comparison_threshold": 99}},
    }
    write_lines(found.base / "processing/baseline/constraints.json", [loose])
    found.end(baseline_constraints="/opt/ml/processing/baseline/constraints.json")
    assert found.violations == []
    assert found.reports["constraints.json"] == loose


def test_drift_of_too_few_rows_is_not_evaluated(period) -> None:
    found = period(cells_set_to(2, "Nov"), visitors=150)
    message, metrics = found.end()
    assert message.startswith("Completed: no violation in 150 rows")
    assert message.endswith("too few rows to evaluate drift.")
    assert "PredictionDrift" not in metrics


def test_only_the_period_and_only_the_newest_model_count(period) -> None:
    found = period(visitors=300)
    folder = found.base / "processing/input/endpoint/shop/primary/2026/11/05"
    early = record("1,2,Nov,TRUE", "0.5\n", 1)
    early["eventMetadata"]["inferenceTime"] = "2026-11-05T13:59:59Z"
    late = record("1,2,Nov,TRUE", "0.5\n", 2)
    late["eventMetadata"]["inferenceTime"] = "2026-11-05T15:00:00Z"
    write_lines(
        folder / "13/59-00-z.jsonl", [early, record("1,2,Nov,TRUE", "0.5\n", 3, package="older"), {"no": "record"}]
    )
    write_lines(folder / "15/00-00-z.jsonl", [late])
    message, _ = found.end()
    assert message == "Completed: no violation in 300 rows, 0 with an outcome, 2 records left out."


def test_an_empty_period_completes_and_says_so(run_verb, tmp_path: Path) -> None:
    message, metrics = Period(tmp_path, run_verb).end()
    assert message == "Completed: no request of this period was captured."
    assert metrics == {}
    assert Period(tmp_path, run_verb).reports["statistics.json"]["dataset"] == {"item_count": 0}
