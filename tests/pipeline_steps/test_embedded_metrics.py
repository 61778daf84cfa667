import json
import math

import pytest

from pipeline_steps.embedded_metrics import MetricDatum, metrics_line


def test_a_line_is_what_cloudwatch_specifies() -> None:
    line = metrics_line(
        "Slipway/Endpoint",
        {"EndpointName": "shop", "VariantName": "primary"},
        [MetricDatum("ScoredRows", 12, "Count"), MetricDatum("InputDrift", 0.25)],
        timestamp_ms=1_700_000_000_123,
    )
    assert "\n" not in line
    assert json.loads(line) == {
        "_aws": {
            "Timestamp": 1_700_000_000_123,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Slipway/Endpoint",
                    "Dimensions": [["EndpointName", "VariantName"]],
                    "Metrics": [{"Name": "ScoredRows", "Unit": "Count"}, {"Name": "InputDrift", "Unit": "None"}],
                }
            ],
        },
        "EndpointName": "shop",
        "VariantName": "primary",
        "ScoredRows": 12,
        "InputDrift": 0.25,
    }


def test_metrics_can_have_a_resolution_of_a_second() -> None:
    def reported(**options: bool) -> list[dict[str, object]]:
        line = metrics_line("n", {}, [MetricDatum("Errors", 1), MetricDatum("Requests", 2)], timestamp_ms=0, **options)
        found: list[dict[str, object]] = json.loads(line)["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        return found

    assert [each.get("StorageResolution") for each in reported(by_the_second=True)] == [1, 1]
    assert not any("StorageResolution" in each for each in reported())


def test_a_value_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        metrics_line("n", {}, [MetricDatum("shift", math.nan)], timestamp_ms=0)


@pytest.mark.parametrize("count", [0, 101])
def test_a_line_has_at_least_one_and_at_most_a_hundred_metrics(count: int) -> None:
    with pytest.raises(ValueError, match=f"a line must hold 1 to 100 metrics, got {count}"):
        metrics_line("n", {}, [MetricDatum(f"m{number}", 1) for number in range(count)], timestamp_ms=0)
