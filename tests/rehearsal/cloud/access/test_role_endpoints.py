"""Endpoints act as the roles of their models."""

from pathlib import Path
from typing import Any

from rehearsal.cloud.access.calls import CallLog, call
from rehearsal.cloud.access.role_endpoints import RoleEndpoints, RoleS3Objects

ROLE = "arn:aws:iam::000000000000:role/endpoint"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/steps:1"
KEY = "arn:aws:kms:us-east-1:000000000000:key/1"
CONFIG = {"KmsKeyId": KEY, "DataCaptureConfig": {"DestinationS3Uri": "s3://artifacts/capture"}}
MODELS = {"m": {"Image": IMAGE, "ModelDataUrl": "s3://artifacts/pipeline/model.tar.gz"}}


class Store:
    """Notes as whom objects are moved."""

    def __init__(self) -> None:
        self.moved: list[tuple[str | None, str]] = []

    def acting_as(self, role: str | None) -> Any:
        store = self

        class Artifacts:
            def fetch(self, url: str, _target: Path) -> None:
                store.moved.append((role, url))

            def write(self, bucket: str, key: str, _content: bytes, _kms_key_id: str | None) -> None:
                store.moved.append((role, f"s3://{bucket}/{key}"))

        return Artifacts()


class Quiet:
    """Fleets that only note what they are asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_given, **_named: self.asked.append(name)


def made(**model: Any) -> tuple[RoleEndpoints, RoleS3Objects, CallLog, Store, Quiet]:
    store, ledger, quiet = Store(), CallLog(), Quiet()
    artifacts = RoleS3Objects(store.acting_as)
    return RoleEndpoints(quiet, artifacts, ledger, lambda _: model), artifacts, ledger, store, quiet


def test_objects_are_moved_as_the_models_role(tmp_path: Path) -> None:
    fleets, artifacts, _, store, quiet = made(ExecutionRoleArn=ROLE)
    fleets.create("shop", CONFIG, MODELS)
    artifacts.fetch("s3://artifacts/pipeline/model.tar.gz", tmp_path / "model")
    artifacts.write("artifacts", "capture/shop/primary/x.jsonl", b"", None)
    artifacts.write("artifacts", "capture/shop-2/primary/x.jsonl", b"", None)
    assert store.moved == [
        (ROLE, "s3://artifacts/pipeline/model.tar.gz"),
        (ROLE, "s3://artifacts/capture/shop/primary/x.jsonl"),
        (None, "s3://artifacts/capture/shop-2/primary/x.jsonl"),
    ]
    assert quiet.asked == ["create"]


def test_what_sagemaker_does_for_an_endpoint_counts_for_the_role() -> None:
    fleets, _, ledger, _, _ = made(ExecutionRoleArn=ROLE)
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "c-Latency"}]}}
    fleets.update("shop", CONFIG, MODELS, alarms)
    found = ledger.calls_of(ROLE)
    assert call("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:000000000000:repository/steps") in found
    assert call("cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:c-Latency") in found
    assert call("kms:CreateGrant", KEY, kms__GrantIsForAWSResource="true") in found
    assert not [each for each in found if each.action.startswith("ec2:")]


def test_a_model_in_a_vpc_asks_for_network_interfaces() -> None:
    fleets, _, ledger, _, _ = made(ExecutionRoleArn=ROLE, VpcConfig={"Subnets": ["subnet-1"]})
    fleets.create("shop", CONFIG, MODELS)
    subnet = "arn:aws:ec2:us-east-1:000000000000:subnet/subnet-1"
    assert call("ec2:CreateNetworkInterface", subnet) in ledger.calls_of(ROLE)


def test_a_model_without_a_role_is_nobodys() -> None:
    fleets, _, ledger, _, quiet = made()
    fleets.create("shop", CONFIG, MODELS)
    assert ledger.calls_of(ROLE) == {}
    assert quiet.asked == ["create"]
