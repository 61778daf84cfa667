"""The model package group: its versions, with metric, approval and provenance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import RefusedError, message_of
from slipway.operations.deployed_stage import DeployedStage, version_of
from slipway.rounding import rounded
from slipway.training.registration import MODEL_SHA256

PROMOTED_FROM = "promoted_from"
"""Metadata of a promoted package: the package it was made from."""
APPROVED, REJECTED, PENDING = "Approved", "Rejected", "PendingManualApproval"


@dataclass(frozen=True)
class Package:
    """One version; what is missing in its metadata is None."""

    arn: str
    version: str
    created: datetime
    status: str
    approval: str
    reason: str | None
    problem: str | None
    algorithm: str | None
    metric: str | None
    metric_against: str | None
    """The rows that the metric compares the table's with, where no target was known."""
    value: float | None
    commit: str | None
    data_sha256: str | None
    test_sha256: str | None
    artifact: str | None
    """The S3 URI of its `model.tar.gz`."""
    model_sha256: str | None
    image: str | None
    image_digest: str | None
    pipeline_execution: str | None
    training_job: str | None
    evaluation: str | None
    """Its S3 URI."""
    promoted_from: str | None
    """The package of an earlier stage that it is a copy of."""

    @property
    def measured(self) -> str:
        """The metric and its value, in words; "" where they are not known."""
        if not self.metric or self.value is None:
            return ""
        against = f" against {self.metric_against}" if self.metric_against else ""
        return f"{self.metric}{against} {rounded(self.value)}"


def packages(stage: DeployedStage, *, approval: str | None = None, newest: int | None = None) -> list[Package]:
    """Newest first.

    Raises:
        RefusedError: the group is not deployed.
    """
    sagemaker = stage.client("sagemaker")
    wanted = {"ModelApprovalStatus": approval} if approval else {}
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=stage.names.package_group, SortBy="CreationTime", SortOrder="Descending", **wanted
    )
    found: list[Package] = []
    try:
        for page in pages:
            for summary in page["ModelPackageSummaryList"]:
                if newest is not None and len(found) == newest:
                    return found
                found.append(package(stage, summary["ModelPackageArn"]))
    except ClientError as exc:
        if "does not exist" in message_of(exc):
            raise RefusedError(
                f"there is no model package group {stage.names.package_group}; "
                f"deploy {stage.names.stack('training')} first"
            ) from exc
        raise
    return found


def package(stage: DeployedStage, arn: str) -> Package:
    """One version of the group.

    Raises:
        RefusedError: there is none with that ARN.
    """
    try:
        return described_package(stage.client("sagemaker"), arn)
    except ClientError as exc:
        if "does not exist" in message_of(exc):
            raise RefusedError(f"there is no model package {arn}; `slipway models` lists the versions") from exc
        raise


def described_package(sagemaker: Any, arn: str) -> Package:
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    metadata: dict[str, str] = found.get("CustomerMetadataProperties") or {}
    containers = found.get("InferenceSpecification", {}).get("Containers") or [{}]
    return Package(
        arn=found["ModelPackageArn"],
        version=version_of(found["ModelPackageArn"]),
        created=found["CreationTime"],
        status=found["ModelPackageStatus"],
        approval=found.get("ModelApprovalStatus", PENDING),
        reason=found.get("ApprovalDescription"),
        problem=metadata.get("problem"),
        algorithm=metadata.get("algorithm"),
        metric=metadata.get("gate_metric"),
        metric_against=metadata.get("gate_metric_against"),
        value=_number(metadata.get("gate_value")),
        commit=metadata.get("commit"),
        data_sha256=metadata.get("data_sha256"),
        test_sha256=metadata.get("test_sha256"),
        artifact=containers[0].get("ModelDataUrl"),
        model_sha256=metadata.get(MODEL_SHA256),
        image=metadata.get("image", containers[0].get("Image")),
        image_digest=containers[0].get("ImageDigest"),
        pipeline_execution=metadata.get("pipeline_execution_arn"),
        training_job=metadata.get("training_job"),
        evaluation=metadata.get("evaluation"),
        promoted_from=metadata.get(PROMOTED_FROM),
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
