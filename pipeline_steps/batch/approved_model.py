"""The model that scores a batch: the newest approved package of the registry, with the files it was approved for."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_steps.artifact.files import REGISTERED
from pipeline_steps.artifact.reading import Artifact, read_archive
from pipeline_steps.errors import StepError
from pipeline_steps.evaluation.champion import fetch_archive, newest_approved

APPROVED = "Approved"


@dataclass(frozen=True)
class ApprovedModel:
    package_arn: str
    artifact: Artifact


def find_approved(group: str, *, sagemaker: Any, s3: Any) -> ApprovedModel:
    """Fetch the newest approved model of `group`.

    Raises:
        StepError: there is none, or it cannot be read, or its files are not those that were registered.
    """
    try:
        arn = newest_approved(sagemaker, group)
    except (BotoCoreError, ClientError) as exc:
        raise StepError(f"model package group {group} cannot be read: {exc}") from exc
    if arn is None:
        raise StepError(
            f"model package group {group} must have an approved model, it has none: train one and approve it, then "
            "score again"
        )
    package = describe(arn, sagemaker)
    registered = registered_hash(package)
    artifact = read_archive(fetch_archive(arn, sagemaker=sagemaker, s3=s3))
    if registered and artifact.sha256 != registered:
        raise StepError(
            f"the files of {arn} must be those that were approved, sha256 {registered}, got {artifact.sha256}: an "
            "approval is for files; register the model again"
        )
    return ApprovedModel(arn, artifact)


def require_approved(arn: str, sagemaker: Any) -> None:
    """Make sure that the approval still stands.

    Raises:
        StepError: it was revoked.
    """
    status = describe(arn, sagemaker).get("ModelApprovalStatus")
    if status != APPROVED:
        raise StepError(
            f"{arn} must be {APPROVED} for its results to be published, it is {status} now: its results stay where "
            "they are, and nothing was published"
        )


def describe(arn: str, sagemaker: Any) -> dict[str, Any]:
    """Read a package.

    Raises:
        StepError: it cannot be read.
    """
    try:
        package: dict[str, Any] = sagemaker.describe_model_package(ModelPackageName=arn)
    except (BotoCoreError, ClientError) as exc:
        raise StepError(f"{arn} cannot be read: {exc}") from exc
    return package


def registered_hash(package: dict[str, Any]) -> str:
    """The hash that was registered with the package; "" where it has none."""
    containers = package.get("InferenceSpecification", {}).get("Containers", [{}])
    properties = package.get("CustomerMetadataProperties", {})
    return str(properties.get("model_sha256") or containers[0].get("Environment", {}).get(REGISTERED, ""))
