import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.errors import StepError
from pipeline_steps.evaluation.champion import find_champion


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        clients = {name: boto3.client(name, region_name="us-east-1") for name in ("sagemaker", "s3")}
        clients["s3"].create_bucket(Bucket="artifacts")
        yield clients


def _package(aws: dict[str, Any], status: str, url: str = "s3://artifacts/a/model.tar.gz") -> str:
    container = {"Image": "image", "ModelDataUrl": url}
    created = aws["sagemaker"].create_model_package(
        ModelPackageGroupName="shop",
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    return str(created["ModelPackageArn"])


def test_no_group_means_no_champion(aws: dict[str, Any]) -> None:
    assert find_champion("shop", **aws) is None


def test_what_is_not_approved_is_no_champion(aws: dict[str, Any]) -> None:
    aws["sagemaker"].create_model_package_group(ModelPackageGroupName="shop")
    _package(aws, "PendingManualApproval")
    _package(aws, "Rejected")
    assert find_champion("shop", **aws) is None


def test_the_newest_approved_package_is_the_champion(aws: dict[str, Any], jobs, tmp_path: Path) -> None:
    archive = jobs.archive(jobs.boosted, tmp_path / "model.tar.gz")
    aws["s3"].put_object(Bucket="artifacts", Key="new/model.tar.gz", Body=archive.read_bytes())
    aws["sagemaker"].create_model_package_group(ModelPackageGroupName="shop")
    _package(aws, "Approved", "s3://artifacts/gone/model.tar.gz")
    newest = _package(aws, "Approved", "s3://artifacts/new/model.tar.gz")
    _package(aws, "Rejected", "s3://artifacts/gone/model.tar.gz")
    champion = find_champion("shop", **aws)
    assert champion is not None
    assert champion.model_package_arn == newest
    assert champion.artifact.contract == read_folder(jobs.boosted / "model").contract


def test_a_champion_that_only_its_own_server_reads_is_refused_with_the_way_on(aws: dict[str, Any]) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("model.json"))
    aws["s3"].put_object(Bucket="artifacts", Key="own/model.tar.gz", Body=content.getvalue())
    aws["sagemaker"].create_model_package_group(ModelPackageGroupName="shop")
    arn = _package(aws, "Approved", "s3://artifacts/own/model.tar.gz")
    with pytest.raises(StepError, match=f"the champion {arn} must be .* give the use case another name"):
        find_champion("shop", **aws)


def test_a_champion_whose_artifact_is_gone_is_an_error_and_no_absence(aws: dict[str, Any]) -> None:
    aws["sagemaker"].create_model_package_group(ModelPackageGroupName="shop")
    _package(aws, "Approved")
    with pytest.raises(StepError, match="the champion of model package group shop cannot be read"):
        find_champion("shop", **aws)


@pytest.mark.parametrize(
    ("code", "message", "absent"),
    [
        ("ValidationException", "ModelPackageGroup shop does not exist.", True),
        ("ResourceNotFound", "", True),
        ("AccessDeniedException", "is not authorized to perform: sagemaker:ListModelPackages", False),
        ("ValidationException", "1 validation error detected", False),
    ],
)
def test_only_an_absent_group_is_an_absent_champion(code: str, message: str, *, absent: bool) -> None:
    sagemaker = boto3.client(
        "sagemaker", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(sagemaker) as stub:
        stub.add_client_error("list_model_packages", code, message)
        if absent:
            assert find_champion("shop", sagemaker=sagemaker, s3=None) is None
        else:
            with pytest.raises(StepError) as caught:
                find_champion("shop", sagemaker=sagemaker, s3=None)
            assert isinstance(caught.value.__cause__, ClientError)
