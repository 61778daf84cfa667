"""Bias of a period, by Clarify's metrics."""

import json
import shutil
from pathlib import Path

import pytest

from tests.pipeline_steps.monitor.periods import (
    WRONG_ABOUT,
    bias_metrics,
    dppl,
    facet,
    favour_returning,
    label,
    record,
    write_lines,
)


def test_bias_of_predictions_is_reported_where_a_facet_is_given(period) -> None:
    found = period()
    found.end(facet("month", reference="parity"), facet("returning", reference="parity"))
    month, returning = ({text: each["value"] for text, each in dppl(found, n).items()} for n in ("month", "returning"))
    assert month["Nov"] < -0.2 < 0 < month["Feb"]
    assert returning["TRUE"] == pytest.approx(-returning["FALSE"])
    assert ("month", "bias_drift_check") in found.checks
    assert ("returning", "bias_drift_check") not in found.checks


def test_a_model_that_always_favoured_a_group_has_not_drifted(period) -> None:
    found = period()
    _, metrics = found.end(facet("month", values=["Nov"], limit=0.1), facet("visits", threshold=25, limit=0.1))
    assert found.violations == []
    assert metrics["BiasViolations"] == 0
    november = dppl(found, "month")["Nov"]
    assert november["value"] == pytest.approx(november["baseline"], abs=0.2)
    assert november["baseline"] < -0.2
    assert dppl(found, "visits").keys() == {">25"}


def test_bias_drift_is_reported_in_clarifys_format(period) -> None:
    found = period(favour_returning)
    _, metrics = found.end(facet("returning", values=["TRUE"], limit=0.1))
    (violation,) = [each for each in found.violations if each["constraint_check_type"] == "bias_drift_check"]
    assert (violation["facet"], violation["facet_value"], violation["metric_name"]) == ("returning", "TRUE", "DPPL")
    assert metrics["BiasViolations"] == 1


def test_each_groups_metrics_are_found_by_facet_and_value(period, run_verb) -> None:
    found = period(favour_returning)
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


def test_bias_of_errors_is_measured_once_outcomes_are_there(period) -> None:
    found = period()
    label(found)
    message, metrics = found.end(facet("returning", values=["TRUE"], metrics=WRONG_ABOUT))
    assert message == "Completed: no violation in 600 rows, 600 with an outcome, 0 records left out."
    assert (metrics["LabelledBiasViolations"], metrics["BiasViolations"], metrics["BiasNotEvaluated"]) == (0, 0, 0)
    for entry in bias_metrics(found, "returning").values():
        assert entry["value"] == pytest.approx(entry["baseline"], abs=0.3)
        assert "error" not in entry


def test_drift_of_the_bias_of_errors_is_reported(period) -> None:
    returning: list[str] = []
    found = period(lambda row: returning.append(row[3]))
    outcomes = found.base / "outcomes.jsonl"
    records = [json.loads(line) for line in outcomes.read_text().splitlines()]
    for number, (outcome, who) in enumerate(zip(records, returning, strict=True)):
        if who == "TRUE":
            outcome["groundTruthData"]["data"] = "TRUE" if number % 2 else "FALSE"
    write_lines(outcomes, records)
    label(found)
    wrong_about = {**WRONG_ABOUT, "AD": 0.03}
    message, metrics = found.end(facet("returning", values=["TRUE"], metrics=wrong_about), "--max-accuracy-loss=1")
    assert (metrics["LabelledBiasViolations"], metrics["BiasViolations"]) == (1, 0)
    (violation,) = [each for each in found.violations if each["constraint_check_type"] == "bias_drift_check"]
    assert (violation["facet_value"], violation["metric_name"]) == ("TRUE", "AD")
    assert message.startswith("CompletedWithViolations: ")


def test_bias_is_not_evaluated_without_outcomes_and_the_job_says_so(period) -> None:
    found = period()
    message, metrics = found.end(facet("returning", values=["TRUE"], metrics=WRONG_ABOUT))
    assert message.endswith("0 with an outcome, 0 records left out, bias not evaluated: no labels (2).")
    assert (metrics["BiasViolations"], metrics["BiasNotEvaluated"]) == (0, 2)
    assert not {"LabelledBiasViolations", "QualityViolations"} & metrics.keys()
    reported = bias_metrics(found, "returning")
    assert reported["AD"]["value"] is reported["RD"]["value"] is None
    assert reported["RD"]["error"] == "no labels, not evaluated"
    assert "error" not in reported["DPPL"]


def test_an_outcome_belongs_to_its_own_request_though_others_are_left_out(period) -> None:
    found = period()
    label(found)
    flags = facet("returning", values=["TRUE"], metrics={"AD": 0.1, "RD": 0.3})
    found.end(flags)
    before = found.reports["analysis.json"]
    early = [record('"', "0.9\n0.1\n", number) for number in range(1000, 1100)]
    folder = found.base / "processing/input"
    write_lines(folder / "endpoint/shop/primary/2026/11/05/14/00-00-a.jsonl", early)
    write_lines(
        folder / "outcomes/early.jsonl", [{"inference_id": f"visit-{n}", "value": 1} for n in range(1000, 1100)]
    )
    message, _ = found.end(flags)
    assert "100 records left out" in message
    assert found.reports["analysis.json"] == before


def test_a_model_without_such_a_baseline_is_not_evaluated_against_it(period, jobs, tmp_path: Path) -> None:
    found = period(favour_returning)
    older = tmp_path / "older"
    shutil.copytree(jobs.boosted / "model", older / "model")
    baseline = json.loads((older / "model/baseline.json").read_text())
    del baseline["predictions"], baseline["attributions"]
    (older / "model/baseline.json").write_text(json.dumps(baseline))
    jobs.archive(older, tmp_path / "processing/input/model/model.tar.gz")
    _, metrics = found.end(facet("returning"), "--min-ndcg=0.99")
    assert not {"NDCG", "BiasViolations"} & metrics.keys()
    assert dppl(found, "returning")["TRUE"]["baseline"] is None
    assert "bias_drift_check" not in {check for _, check in found.checks}
