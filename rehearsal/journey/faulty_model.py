"""A bad candidate: the live model in a faulty image, or with a faulty artifact."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from rehearsal.journey.artifact_faults import ARTIFACT_FAULTS, inject_fault
from rehearsal.journey.embedded_aws import EmbeddedAws
from slipway.settings.own_container import untagged
from slipway.training.registration import MODEL_SHA256_VARIABLE, TEST_ROWS

_KEPT = ("Image", "ModelDataUrl", "Environment")


def register_faulty_model(aws: EmbeddedAws, package_arn: str, *, fault: str) -> str:
    """Register the model of `package_arn` again, with `fault`. Returns the new package's ARN.

    The fault is in the image, as after a bad build, or in the artifact, as after a bad training: the shipped server
    has no switch for it.
    """
    sagemaker = aws.client("sagemaker")
    good = sagemaker.describe_model_package(ModelPackageName=package_arn)
    containers = [
        _faulty_container(aws, container, fault) for container in good["InferenceSpecification"]["Containers"]
    ]
    created: dict[str, Any] = sagemaker.create_model_package(
        ModelPackageGroupName=good["ModelPackageGroupName"],
        ModelPackageDescription=f"rehearsal: a model with the fault {fault}",
        InferenceSpecification=good["InferenceSpecification"] | {"Containers": containers},
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties=_of_the_same_data(good),
    )
    return str(created["ModelPackageArn"])


def _of_the_same_data(good: dict[str, Any]) -> dict[str, str]:
    """Its test split is the good one's; the hash of the files and what Evaluate measured are not."""
    noted = good.get("CustomerMetadataProperties", {})
    return {TEST_ROWS: noted[TEST_ROWS]} if TEST_ROWS in noted else {}


def _faulty_container(aws: EmbeddedAws, container: dict[str, Any], fault: str) -> dict[str, Any]:
    kept = {name: value for name, value in container.items() if name in _KEPT}
    if fault in ARTIFACT_FAULTS:
        environment = {n: value for n, value in container.get("Environment", {}).items() if n != MODEL_SHA256_VARIABLE}
        return kept | {
            "ModelDataUrl": _faulty_artifact(aws, container["ModelDataUrl"], fault),
            "Environment": environment,
        }
    return kept | {"Image": f"{untagged(container['Image'])}:fault-{fault}"}


def _faulty_artifact(aws: EmbeddedAws, url: str, fault: str) -> str:
    """Upload the artifact below the pipeline's own prefix, the only one that the roles may read."""
    s3, location = aws.client("s3"), urlsplit(url)
    good = s3.get_object(Bucket=location.netloc, Key=location.path.removeprefix("/"))["Body"].read()
    archive = inject_fault(good, fault)
    key = f"pipeline/rehearsal/{fault}-{hashlib.sha256(archive).hexdigest()[:16]}/model.tar.gz"
    s3.put_object(Bucket=location.netloc, Key=key, Body=archive)
    return f"s3://{location.netloc}/{key}"
