"""Limits that we keep to by hand are those of the services' own models."""

import re
from typing import Any

import botocore.session
import pytest

from slipway.cloudwatch.alarm_limits import MOST_ALARM_NAME, SHORT_ALARM_PERIODS, longest_alarm_seconds
from slipway.settings.limits import (
    HYPERPARAMETERS,
    MODEL_ENVIRONMENT,
    MOST_CATEGORIES,
    MOST_RANGES,
    MapLimit,
    combinations,
)

SESSION = botocore.session.get_session()


def _shape(service: str, operation: str, *path: str) -> Any:
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    for name in path:
        shape = shape.members[name]
    return shape


@pytest.mark.parametrize(
    ("limit", "operation", "path"),
    [
        (MODEL_ENVIRONMENT, "CreateModel", ("PrimaryContainer", "Environment")),
        (HYPERPARAMETERS, "CreateTrainingJob", ("HyperParameters",)),
        (HYPERPARAMETERS, "CreateHyperParameterTuningJob", ("TrainingJobDefinition", "StaticHyperParameters")),
    ],
)
def test_an_environment_has_sagemakers_limits(limit: MapLimit, operation: str, path: tuple[str, ...]) -> None:
    shape = _shape("sagemaker", operation, *path)
    found = MapLimit(*(part.metadata["max"] for part in (shape, shape.key, shape.value)))
    assert found == limit


def test_ranges_have_sagemakers_limits() -> None:
    config = ("HyperParameterTuningJobConfig", "ParameterRanges", "CategoricalParameterRanges")
    ranges = _shape("sagemaker", "CreateHyperParameterTuningJob", *config)
    assert ranges.metadata["max"] == MOST_RANGES
    assert ranges.member.members["Values"].metadata["max"] == MOST_CATEGORIES


def test_alarms_have_cloudwatchs_limits() -> None:
    assert _shape("cloudwatch", "PutMetricAlarm", "AlarmName").metadata["max"] == MOST_ALARM_NAME
    reported = re.sub("<[^>]+>", "", _shape("cloudwatch", "PutMetricAlarm", "Period").documentation)
    assert f"Valid values are {', '.join(map(str, SHORT_ALARM_PERIODS))}, and any multiple of 60" in reported
    longest, below_an_hour = re.findall(r"can't be (?:more|longer) than (?:one day \()?([\d,]+) ?seconds", reported)
    assert int(longest.replace(",", "")) == longest_alarm_seconds(3600)
    assert int(below_an_hour.replace(",", "")) == longest_alarm_seconds(3540)


def test_a_limit_names_what_is_too_much() -> None:
    limit = MapLimit(entries=1, key=3, value=2)
    assert list(limit.errors({"abcd": "xyz", "e": ""})) == [
        "must have at most 1 entries, got 2",
        "must have names of at most 3 characters, got 4 in abcd…",
        "must have values of at most 2 characters, got 3 in abcd",
    ]
    assert list(limit.errors({"abc": "xy"})) == []


def test_a_continuous_range_has_no_end_of_combinations() -> None:
    assert combinations([3, 4]) == 12
    assert combinations([3, None]) is None
