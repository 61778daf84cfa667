import pytest

from pipeline_steps.errors import ArgumentError
from pipeline_steps.server.identity import Identity

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/shop/3"
WHOLE = {"SLIPWAY_ENDPOINT_NAME": "shop", "SLIPWAY_VARIANT_NAME": "primary", "SLIPWAY_MODEL_PACKAGE_ARN": ARN}


def test_an_identity_has_the_metrics_dimensions_and_the_responses_header() -> None:
    identity = Identity.from_environment({**WHOLE, "SLIPWAY_METRIC_SECONDS": "0.5"})
    assert identity.dimensions == {"EndpointName": "shop", "VariantName": "primary", "ModelPackageArn": ARN}
    assert identity.header == f"X-Amzn-SageMaker-Custom-Attributes: model_package={ARN}\r\n"
    assert identity.metric_seconds == 0.5


@pytest.mark.parametrize("absent", WHOLE)
def test_without_any_one_of_them_there_are_no_dimensions(absent: str) -> None:
    identity = Identity.from_environment({**WHOLE, absent: ""})
    assert identity.dimensions == {}
    assert bool(identity.header) is (absent != "SLIPWAY_MODEL_PACKAGE_ARN")


def test_an_empty_environment_is_fine() -> None:
    identity = Identity.from_environment({})
    assert (identity.dimensions, identity.header, identity.metric_seconds) == ({}, "", 10)
    assert identity.excluded_from_drift == frozenset()


def test_columns_that_are_not_watched_are_named_with_commas() -> None:
    identity = Identity.from_environment({"SLIPWAY_EXCLUDED_FROM_DRIFT": "Month,Day"})
    assert identity.excluded_from_drift == {"Month", "Day"}


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_an_interval_that_is_none_is_refused(seconds: str) -> None:
    with pytest.raises(ArgumentError, match=r"SLIPWAY_METRIC_SECONDS must be in 0\.05\.\.3600, got "):
        Identity.from_environment({"SLIPWAY_METRIC_SECONDS": seconds})


@pytest.mark.parametrize("arn", ["arn\r\nX-Evil: 1", "a b", "ä", "a" * 1001])
def test_a_package_that_would_break_the_header_is_refused(arn: str) -> None:
    with pytest.raises(ArgumentError, match="SLIPWAY_MODEL_PACKAGE_ARN must be printable ASCII without spaces"):
        Identity.from_environment({"SLIPWAY_MODEL_PACKAGE_ARN": arn})
