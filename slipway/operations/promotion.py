"""Promote an approved model to the next stage: its artifact, metrics and provenance; nothing is trained again."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError, message_of
from slipway.operations.deployed_stage import DeployedStage, version_of
from slipway.operations.model_registry import APPROVED, PENDING, PROMOTED_FROM, packages
from slipway.operations.s3_copy import S3Copier
from slipway.operations.target_image import target_image

ARTIFACT_SHA256 = "artifact_sha256"
IMAGE_DIGEST, SOURCE_IMAGE_DIGEST = "image_digest", "source_image_digest"
"""Metadata of a promoted package besides its provenance and `PROMOTED_FROM`: the hash of its artifact, and the images
that it runs in and was made in."""

_TOKEN_CHARACTERS = 36
_KEPT = ("ModelPackageDescription", "Domain", "Task", "SamplePayloadUrl", "ModelCard", "MetadataProperties")
_METRICS = ("ModelMetrics", "DriftCheckBaselines")


@dataclass(frozen=True)
class PromotedPackage:
    """The package in the target's group; `again` if it had been promoted before.

    The digests are those of the images, empty where unknown; `warning` says how they differ.
    """

    package: str
    source: str
    artifact: str
    sha256: str
    again: bool
    image_digest: str = ""
    source_image_digest: str = ""
    warning: str = ""


def choose(source: DeployedStage, caller: str, reference: str | None) -> dict[str, Any]:
    """The package to promote: a version or ARN of the source's group, or its newest approved one.

    Raises:
        RefusedError: there is none, or it is not approved in the source.
    """
    sagemaker, group = source.client("sagemaker"), _group_arn(source, caller)
    try:
        if reference is None:
            reference = _newest_approved(source, group)
        elif reference.isdigit():
            reference = f"{group.replace(':model-package-group/', ':model-package/')}/{int(reference)}"
        package: dict[str, Any] = sagemaker.describe_model_package(ModelPackageName=reference)
    except ClientError as exc:
        if "does not exist" in message_of(exc):
            raise RefusedError(f"{reference or group} does not exist; `slipway models` lists the versions") from exc
        raise
    if package.get("ModelApprovalStatus") != APPROVED:
        version, status = version_of(package["ModelPackageArn"]), package.get("ModelApprovalStatus")
        raise RefusedError(f"version {version} must be Approved in {source.names.stage} to be promoted, got {status}")
    return package


def _newest_approved(source: DeployedStage, group: str) -> str:
    found = source.client("sagemaker").list_model_packages(
        ModelPackageGroupName=group,
        ModelApprovalStatus=APPROVED,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]
    if not found:
        raise RefusedError(
            f"{source.names.package_group} has no approved version to promote; approve one with "
            f"`slipway rollout approve --package N --stage {source.names.stage} --reason …`"
        )
    return str(found[0]["ModelPackageArn"])


def promote(
    package: Mapping[str, Any], source: DeployedStage, target: DeployedStage, recorder: Recorder, *, reason: str
) -> PromotedPackage:
    """Register `package` in the group of `target`, pending approval there.

    Raises:
        RefusedError: the target has no image built from the same folder.
        LaunchError: the copy differs from what was read.
    """
    origin = str(package["ModelPackageArn"])
    if (existing := _promoted_before(target, origin)) is not None:
        return existing
    (container,) = package["InferenceSpecification"]["Containers"]
    image = target_image(str(container["Image"]), source, target)
    with recorder.act("promote", origin, reason=reason, to=target.names.package_group) as outcome:
        copier = S3Copier(target.client("s3"), target.artifacts_bucket)
        artifact, sha256 = copier.copy(container["ModelDataUrl"])
        digests = {IMAGE_DIGEST: image.digest, SOURCE_IMAGE_DIGEST: image.source_digest}
        metadata = {
            PROMOTED_FROM: origin,
            ARTIFACT_SHA256: sha256,
            **{name: digest for name, digest in digests.items() if digest},
        }
        request = _request(package, target, copier, image=image.uri, artifact=artifact, metadata=metadata)
        made: str = target.client("sagemaker").create_model_package(**request)["ModelPackageArn"]
        outcome |= {"package": made, ARTIFACT_SHA256: sha256, **digests}
    return PromotedPackage(made, origin, artifact, sha256, again=False, warning=image.warning, **digests)


def _group_arn(stage: DeployedStage, caller: str) -> str:
    """The stage may be in another account than the caller."""
    _, partition, _, _, account, _ = caller.split(":", 5)
    region = stage.client("sagemaker").meta.region_name
    owner = stage.settings.account or account
    return f"arn:{partition}:sagemaker:{region}:{owner}:model-package-group/{stage.names.package_group}"


def _promoted_before(target: DeployedStage, origin: str) -> PromotedPackage | None:
    """The package that was made from `origin` before."""
    sagemaker = target.client("sagemaker")
    for each in packages(target):
        found = sagemaker.describe_model_package(ModelPackageName=each.arn)
        metadata = found.get("CustomerMetadataProperties") or {}
        if metadata.get(PROMOTED_FROM) == origin:
            artifact = found["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
            digests = {name: metadata.get(name, "") for name in (IMAGE_DIGEST, SOURCE_IMAGE_DIGEST)}
            sha256 = metadata.get(ARTIFACT_SHA256, "")
            return PromotedPackage(each.arn, origin, artifact, sha256, again=True, **digests)
    return None


def _request(
    package: Mapping[str, Any],
    target: DeployedStage,
    copier: S3Copier,
    *,
    image: str,
    artifact: str,
    metadata: Mapping[str, str],
) -> dict[str, Any]:
    specification = dict(package["InferenceSpecification"])
    (container,) = specification["Containers"]
    kept = {name: value for name, value in container.items() if name == "Environment"}
    specification["Containers"] = [{**kept, "Image": image, "ModelDataUrl": artifact}]
    instance_type = target.settings.endpoint.instance_type
    for name in ("SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes"):
        if name in specification:
            specification[name] = sorted({*specification[name], instance_type})
    origin = str(package["ModelPackageArn"])
    provenance = package.get("CustomerMetadataProperties") or {}
    return {
        **{name: package[name] for name in _KEPT if name in package},
        **{name: _copied_metrics(package[name], copier) for name in _METRICS if name in package},
        "ModelPackageGroupName": target.names.package_group,
        "InferenceSpecification": specification,
        "ModelApprovalStatus": PENDING,
        "CustomerMetadataProperties": {**provenance, **metadata},
        # Two who promote the same package at the same time make one version.
        "ClientToken": hashlib.sha256(origin.encode()).hexdigest()[:_TOKEN_CHARACTERS],
    }


def _copied_metrics(node: Any, copier: S3Copier) -> Any:
    """Metrics are S3 objects: the next stage reads its own copy."""
    if isinstance(node, Mapping):
        return {
            name: copier.copy(value)[0] if name == "S3Uri" else _copied_metrics(value, copier)
            for name, value in node.items()
        }
    return node
