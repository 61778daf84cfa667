"""What stays of a use case's stage after its stacks were deleted, and what it costs a month."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from slipway.costs.cost_estimate import Line
from slipway.costs.prices import Prices
from slipway.operations.aws_errors import code_of, message_of
from slipway.operations.bucket_contents import contents, tagged_buckets
from slipway.operations.deployed_stage import DeployedStage
from slipway.rounding import counted
from slipway.settings.names import COST_TAG

NOTES = (
    "job logs in the groups /aws/sagemaker/TrainingJobs and /aws/sagemaker/ProcessingJobs, which all use cases share",
    "sources of deployments in the bucket and repository that `cdk bootstrap` made; `cdk gc` deletes what is unused",
)
"""What this stage shares with others."""

_NOT_OURS = ("AccessDeniedException", "NotFoundException")


def retained_resources(stage: DeployedStage, prices: Prices) -> list[Line]:
    """Buckets with every version, keys, images and packages that are tagged or named as this stage's."""
    return [*_buckets(stage, prices), *_keys(stage, prices), *_images(stage, prices), *_packages(stage)]


def _buckets(stage: DeployedStage, prices: Prices) -> Iterator[Line]:
    s3, price = stage.client("s3"), prices.gigabyte.stored_month
    for bucket in tagged_buckets(s3, COST_TAG, stage.names.prefix):
        gigabytes = contents(s3, bucket).gigabytes
        yield Line(f"bucket {bucket}", gigabytes, "GB", price, gigabytes * price)


def _keys(stage: DeployedStage, prices: Prices) -> Iterator[Line]:
    """A key that is scheduled for deletion costs nothing."""
    kms, price = stage.client("kms"), prices.month.key
    pages = kms.get_paginator("list_keys").paginate()
    for key in [each["KeyId"] for page in pages for each in page["Keys"]]:
        if _is_ours(kms, key, stage.names.prefix):
            state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
            count = 0 if state == "PendingDeletion" else 1
            yield Line(f"KMS key {key} ({state})", count, "key", price, count * price)


def _is_ours(kms: Any, key: str, prefix: str) -> bool:
    try:
        tags = kms.list_resource_tags(KeyId=key)["Tags"]
    except ClientError as exc:
        if code_of(exc) in _NOT_OURS:  # AWS's own key, or that of another owner in the account
            return False
        raise
    return {"TagKey": COST_TAG, "TagValue": prefix} in tags


def _images(stage: DeployedStage, prices: Prices) -> Iterator[Line]:
    ecr, name, price = stage.client("ecr"), stage.names.image_repository, prices.gigabyte.image_month
    try:
        pages = ecr.get_paginator("describe_images").paginate(repositoryName=name)
        images = [image for page in pages for image in page["imageDetails"]]
    except ClientError as exc:
        if code_of(exc) == "RepositoryNotFoundException":
            return
        raise
    gigabytes = sum(image.get("imageSizeInBytes", 0) for image in images) / 1e9
    yield Line(f"repository {name}, {counted(len(images), 'image')}", gigabytes, "GB", price, gigabytes * price)


def _packages(stage: DeployedStage) -> Iterator[Line]:
    sagemaker, group = stage.client("sagemaker"), stage.names.package_group
    try:
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    except ClientError as exc:
        if "does not exist" in message_of(exc):
            return
        raise
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    count = sum(len(page["ModelPackageSummaryList"]) for page in pages)
    yield Line(f"model package group {group}", count, "versions", 0.0, 0.0)
