"""A bad candidate: the live model's artifact in an image that misbehaves."""

from typing import Any

from rehearsal.journey.embedded_aws import EmbeddedAws


def register_faulty(aws: EmbeddedAws, package_arn: str, *, fault: str) -> str:
    """Register the model of `package_arn` again, in the image whose server has `fault`. Returns the new package's ARN.

    The fault is in the image, as a bad build would have it: the shipped server has no switch for it.
    """
    sagemaker = aws.client("sagemaker")
    good = sagemaker.describe_model_package(ModelPackageName=package_arn)
    containers = [_in_faulty_image(container, fault) for container in good["InferenceSpecification"]["Containers"]]
    created: dict[str, Any] = sagemaker.create_model_package(
        ModelPackageGroupName=good["ModelPackageGroupName"],
        ModelPackageDescription=f"rehearsal: a build with the fault {fault}",
        InferenceSpecification=good["InferenceSpecification"] | {"Containers": containers},
        ModelApprovalStatus="PendingManualApproval",
    )
    return str(created["ModelPackageArn"])


def _in_faulty_image(container: dict[str, Any], fault: str) -> dict[str, Any]:
    repository = container["Image"].rpartition(":")[0]
    kept = {name: value for name, value in container.items() if name in ("ModelDataUrl", "Environment")}
    return kept | {"Image": f"{repository}:fault-{fault}"}
