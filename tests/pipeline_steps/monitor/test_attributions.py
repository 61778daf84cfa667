"""Attribution drift of a period."""


def test_a_healthy_period_has_the_usual_order_of_columns(period) -> None:
    found = period()
    _, metrics = found.end("--min-ndcg=0.9")
    assert 0.9 < metrics["NDCG"] <= 1
    assert found.violations == []
    explained = found.reports["analysis.json"]["explanations"]["occlusion"]["bought"]
    assert explained["global_occlusion_values"].keys() == explained["baseline"].keys()
    assert max(explained["baseline"], key=explained["baseline"].get) == "month"


def unusual(row: list[str]) -> None:
    row[0], row[2] = "40", "Dec"


def test_attribution_drift_is_reported_in_clarifys_format(period) -> None:
    found = period(unusual)
    _, metrics = found.end("--min-ndcg=0.99")
    assert metrics["NDCG"] < 0.99
    (violation,) = [e for e in found.violations if e["constraint_check_type"] == "feature_attribution_drift_check"]
    assert (violation["label"], violation["metric_name"]) == ("bought", "occlusion")


def test_without_options_there_is_no_analysis(period) -> None:
    found = period()
    _, metrics = found.end()
    assert "analysis.json" not in found.reports
    assert not {"NDCG", "BiasViolations"} & metrics.keys()
