"""Carry an approved model to the next stage: its artifact, its figures and its provenance; nothing is trained again."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.audit_log import Recorder
from slipway.operations.carried_image import image_of
from slipway.operations.errors import RefusedError, message_of
from slipway.operations.object_copy import ObjectCopy
from slipway.operations.registry import APPROVED, PENDING, packages
from slipway.operations.site import Site, version_of

CARRIED_FROM, ARTIFACT_SHA256 = "carried_from", "artifact_sha256"
IMAGE_DIGEST, SOURCE_IMAGE_DIGEST = "image_digest", "source_image_digest"
"""What a carried package notes besides its provenance: the package it was made from, the hash of its artifact, and
which image it runs in and which it was made in."""

_ENOUGH = 36
_KEPT = ("ModelPackageDescription", "Domain", "Task", "SamplePayloadUrl")
_METRICS = ("ModelMetrics", "DriftCheckBaselines")


@dataclass(frozen=True)
class Carried:
    """The package in the target's group; `again` if it had been carried before.

    The digests are those of the images, empty where they were not asked for; `warning` says how they differ.
    """

    package: str
    source: str
    artifact: str
    sha256: str
    again: bool
    image_digest: str = ""
    source_image_digest: str = ""
    warning: str = ""


def choose(source: Site, caller: str, reference: str | None) -> dict[str, Any]:
    """The package to carry: a version or ARN of the source's group, or its newest approved one.

    Raises:
        RefusedError: there is none, or it is not approved there.
    """
    sagemaker, group = source.client("sagemaker"), _group_arn(source, caller)
    try:
        if reference is None:
            found = sagemaker.list_model_packages(
                ModelPackageGroupName=group,
                ModelApprovalStatus=APPROVED,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=1,
            )["ModelPackageSummaryList"]
            if not found:
                raise RefusedError(f"{source.names.package_group} has no approved version to carry")
            reference = str(found[0]["ModelPackageArn"])
        elif reference.isdigit():
            reference = f"{group.replace(':model-package-group/', ':model-package/')}/{int(reference)}"
        package: dict[str, Any] = sagemaker.describe_model_package(ModelPackageName=reference)
    except ClientError as exc:
        if "does not exist" in message_of(exc):
            raise RefusedError(f"there is no {reference or group}; `slipway models` lists what there is") from exc
        raise
    if package.get("ModelApprovalStatus") != APPROVED:
        version, status = version_of(package["ModelPackageArn"]), package.get("ModelApprovalStatus")
        raise RefusedError(f"version {version} must be Approved in {source.names.stage} to be carried, got {status}")
    return package


def carry(package: Mapping[str, Any], source: Site, target: Site, recorder: Recorder, *, reason: str) -> Carried:
    """Register `package` in the group of `target`, waiting for approval there.

    Raises:
        RefusedError: the target has no image of the same folder.
        LaunchError: the copy is not what was read.
    """
    origin = str(package["ModelPackageArn"])
    if (known := _known(target, origin)) is not None:
        return known
    (container,) = package["InferenceSpecification"]["Containers"]
    image = image_of(str(container["Image"]), source, target)
    with recorder.act("carry", origin, reason=reason, to=target.names.package_group) as outcome:
        copy = ObjectCopy(target.client("s3"), target.artifacts_bucket)
        artifact, sha256 = copy.copied(container["ModelDataUrl"])
        digests = {IMAGE_DIGEST: image.digest, SOURCE_IMAGE_DIGEST: image.source_digest}
        noted = {
            CARRIED_FROM: origin,
            ARTIFACT_SHA256: sha256,
            **{name: each for name, each in digests.items() if each},
        }
        request = _request(package, target, copy, image=image.uri, artifact=artifact, noted=noted)
        made: str = target.client("sagemaker").create_model_package(**request)["ModelPackageArn"]
        outcome |= {"package": made, ARTIFACT_SHA256: sha256, **digests}
    return Carried(made, origin, artifact, sha256, again=False, warning=image.warning, **digests)


def _group_arn(site: Site, caller: str) -> str:
    """Where the stage lives, which may be another account than the caller's."""
    _, partition, _, _, account, _ = caller.split(":", 5)
    region = site.client("sagemaker").meta.region_name
    owner = site.settings.account or account
    return f"arn:{partition}:sagemaker:{region}:{owner}:model-package-group/{site.names.package_group}"


def _known(target: Site, origin: str) -> Carried | None:
    """The package that was made from `origin` before."""
    sagemaker = target.client("sagemaker")
    for each in packages(target):
        found = sagemaker.describe_model_package(ModelPackageName=each.arn)
        noted = found.get("CustomerMetadataProperties") or {}
        if noted.get(CARRIED_FROM) == origin:
            artifact = found["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
            digests = {name: noted.get(name, "") for name in (IMAGE_DIGEST, SOURCE_IMAGE_DIGEST)}
            return Carried(each.arn, origin, artifact, noted.get(ARTIFACT_SHA256, ""), again=True, **digests)
    return None


def _request(
    package: Mapping[str, Any], target: Site, copy: ObjectCopy, *, image: str, artifact: str, noted: Mapping[str, str]
) -> dict[str, Any]:
    specification = dict(package["InferenceSpecification"])
    (container,) = specification["Containers"]
    kept = {name: value for name, value in container.items() if name == "Environment"}
    specification["Containers"] = [{**kept, "Image": image, "ModelDataUrl": artifact}]
    served = target.settings.endpoint.instance_type
    for name in ("SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes"):
        if name in specification:
            specification[name] = sorted({*specification[name], served})
    origin = str(package["ModelPackageArn"])
    provenance = package.get("CustomerMetadataProperties") or {}
    return {
        **{name: package[name] for name in _KEPT if name in package},
        **{name: _carried_figures(package[name], copy) for name in _METRICS if name in package},
        "ModelPackageGroupName": target.names.package_group,
        "InferenceSpecification": specification,
        "ModelApprovalStatus": PENDING,
        "CustomerMetadataProperties": {**provenance, **noted},
        # Two who carry the same package at once make one.
        "ClientToken": hashlib.sha256(origin.encode()).hexdigest()[:_ENOUGH],
    }


def _carried_figures(node: Any, copy: ObjectCopy) -> Any:
    """Figures lie in S3: the next stage reads its own copy."""
    if isinstance(node, Mapping):
        return {
            name: copy.copied(value)[0] if name == "S3Uri" else _carried_figures(value, copy)
            for name, value in node.items()
        }
    return node
