"""Model quality, once outcomes have arrived."""

import json
import random
from collections.abc import Callable

from tests.pipeline_steps.monitor.periods import WRONG_ABOUT, Period, bias_metrics, facet, label, write_lines


def by_chance() -> Callable[[int], float]:
    chance = random.Random(4)  # noqa: S311 (made-up data)
    return lambda _: chance.choice([0, 25.5])


def outcomes(found: Period, value: Callable[[int], float], *, count: int = 600) -> None:
    """What came of the first visits."""
    lines = [{"inference_id": f"visit-{number}", "value": value(number)} for number in range(count)]
    write_lines(found.base / "processing/input/outcomes/labels.jsonl", lines)


def test_outcomes_make_quality_known(period) -> None:
    found = period()
    label(found)
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
    outcomes(found, by_chance())
    message, metrics = found.end()
    assert found.checks == {("accuracy", "LessThanThreshold"), ("auc", "LessThanThreshold")}
    assert metrics["QualityViolations"] == 2
    assert message.startswith("CompletedWithViolations: 2 violations in 600 rows, 600 with an outcome, ")


def test_quality_of_few_outcomes_is_measured_and_not_evaluated(period) -> None:
    found = period()
    outcomes(found, lambda number: number % 2, count=58)
    _, metrics = found.end()
    assert metrics["LabelledRows"] == 58
    assert "QualityViolations" not in metrics
    assert found.violations == []


def spend_high(row: list[str]) -> None:
    row[1] = "999.0"


def test_where_outcomes_come_late_one_run_examines_the_requests(period) -> None:
    found = period(spend_high)
    label(found)
    option = facet("returning", values=["TRUE"], metrics=WRONG_ABOUT)
    message, metrics = found.end(option, "--only=requests", "--min-ndcg=0.1")
    assert ("spend", "baseline_drift_check") in found.checks
    assert " rows, 0 with an outcome, " in message
    assert "not evaluated" not in message
    assert {"Violations", "ScoredRows", "InputDrift", "BiasViolations", "NDCG"} <= metrics.keys()
    assert not {"LabelledRows", "QualityViolations", "LabelledBiasViolations"} & metrics.keys()
    assert set(bias_metrics(found, "returning")) == {"DPPL"}


def test_and_the_other_the_outcomes_of_older_ones_and_nothing_else(period) -> None:
    found = period(spend_high)
    outcomes(found, by_chance())
    option = facet("returning", values=["TRUE"], metrics=WRONG_ABOUT)
    message, metrics = found.end(option, "--only=outcomes", "--min-ndcg=0.1")
    # The requests of this period have been reported when they were new.
    assert {check for _, check in found.checks} <= {"LessThanThreshold", "bias_drift_check"}
    assert ("auc", "LessThanThreshold") in found.checks
    assert message.startswith("CompletedWithViolations: ")
    assert metrics["LabelledRows"] == 600
    assert metrics["QualityViolations"] >= 1
    assert not {"Violations", "ScoredRows", "InputDrift", "PredictionDrift", "BiasViolations", "NDCG"} & metrics.keys()
    assert "DPPL" not in bias_metrics(found, "returning")
    lines = (found.base / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    assert {"auc", "accuracy"} <= (names := {json.loads(line)["MetricName"] for line in lines})
    assert not [name for name in names if name.startswith("feature_")]


def test_a_period_without_outcomes_reports_that(period) -> None:
    found = period()
    message, metrics = found.end("--only=outcomes")
    assert message.startswith("Completed: no violation in 600 rows, 0 with an outcome, ")
    assert metrics["LabelledRows"] == 0


def test_a_malformed_outcome_is_counted_and_loses_no_other(period, run_verb) -> None:
    found = period(visitors=10)
    lines = [{"inference_id": "visit-1"}, {"inference_id": "visit-2", "value": 1}]
    write_lines(found.base / "processing/input/outcomes/labels.jsonl", lines)
    ended = run_verb(found.base, "monitor")
    assert ended.returncode == 0, ended.stderr
    assert "10 rows, 1 with an outcome, 0 records left out, 1 line without an outcome" in ended.stdout
