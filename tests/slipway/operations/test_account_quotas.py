"""`slipway quotas`: the account's own values before AWS's defaults, and the command for what is missing."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from slipway.cli.main import main
from slipway.costs.quotas import Need
from slipway.operations.account_quotas import compared

ENDPOINTS = Need("sagemaker", "ml.m5.large for endpoint usage", 8, "both fleets")
JOBS = Need("sagemaker", "ml.m5.large for processing job usage", 3, "one job each")
TRAINING = Need("sagemaker", "ml.m9.huge for training job usage", 1, "a type that is offered elsewhere")


def quotas(**values: float) -> dict[str, Any]:
    names = {"endpoints": (ENDPOINTS.quota, "L-1"), "jobs": (JOBS.quota, "L-2")}
    return {
        "Quotas": [
            {"QuotaName": names[key][0], "QuotaCode": names[key][1], "Value": value} for key, value in values.items()
        ]
    }


@pytest.fixture
def client() -> Iterator[Any]:
    made = boto3.client(
        "service-quotas", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(made) as stub:
        given = {"ServiceCode": "sagemaker"}
        stub.add_response("list_aws_default_service_quotas", quotas(endpoints=4, jobs=0), given)
        stub.add_response("list_service_quotas", {**quotas(endpoints=20), "NextToken": "more"}, given)
        stub.add_response("list_service_quotas", {"Quotas": []}, {**given, "NextToken": "more"})
        yield made
        stub.assert_no_pending_responses()


def test_an_applied_quota_replaces_the_default_and_an_increase_can_be_requested(client: Any) -> None:
    endpoints, jobs, training = compared(client, (ENDPOINTS, JOBS, TRAINING))
    assert (endpoints.value, endpoints.enough, endpoints.request("eu-west-1")) == (20, True, None)
    assert (jobs.value, jobs.enough) == (0, False)
    assert jobs.request("eu-west-1") == (
        "aws service-quotas request-service-quota-increase --region eu-west-1 --service-code sagemaker "
        "--quota-code L-2 --desired-value 3"
    )
    assert (training.value, training.enough, training.request("eu-west-1")) == (None, False, None)


@pytest.mark.usefixtures("environment")
def test_a_quota_that_is_not_listed_is_not_taken_for_enough(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quotas", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["enough"]
    assert {row["has"] for row in found["quotas"]} == {None}
    assert main(["quotas"]) == 1
    assert "see the console of Service Quotas in us-east-1 for what is not listed" in capsys.readouterr().out
