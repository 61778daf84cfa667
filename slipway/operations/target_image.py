"""The image that a promoted model runs in: the next stage's own build of the same folder."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import RefusedError, message_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.settings.own_container import untagged


@dataclass(frozen=True)
class TargetImage:
    """`uri` is in the target's repository. A digest identifies an image's bytes; the source's is empty if unknown."""

    uri: str
    digest: str
    source_digest: str
    warning: str = ""


def target_image(image_uri: str, source: DeployedStage, target: DeployedStage) -> TargetImage:
    """Find the image with the same tag in the target's repository.

    A tag is the hash of the folder that an image is built from, exact Python packages included. It does not cover the
    base image, which each build resolves by its tag on that day.

    Raises:
        RefusedError: the target has no image with that tag, or another server of the user's own than the source.
    """
    own = target.settings.endpoint.image
    if own or source.settings.endpoint.image:
        return _own_image(image_uri, own, target)
    ecr, name, tag = target.client("ecr"), target.names.image_repository, image_uri.rpartition(":")[2]
    try:
        (repository,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
        digest = _digest(target, name, tag)
    except (ecr.exceptions.RepositoryNotFoundException, ecr.exceptions.ImageNotFoundException) as exc:
        raise RefusedError(
            f"repository {name} must have the image {tag} that the model was made with: deploy "
            f"{target.names.stack('image')} from the commit that {target.settings.promotion.from_stage or 'it'} "
            "was deployed from"
        ) from exc
    uri = f"{repository['repositoryUri']}:{tag}"
    registry, _, path = image_uri.rpartition(":")[0].partition("/")
    try:
        source_digest = _digest(source, path, tag, registry=registry.partition(".")[0])
    except ClientError as exc:
        unknown = f"whether {uri} has the same bytes as {image_uri} is unknown: {message_of(exc)}"
        return TargetImage(uri, digest, "", unknown)
    warning = "" if digest == source_digest else _difference(image_uri, source_digest, uri, digest)
    return TargetImage(uri, digest, source_digest, warning)


def _own_image(image_uri: str, own: str | None, target: DeployedStage) -> TargetImage:
    """The same image, which no stage builds. The target's endpoint may pull its own repository alone."""
    if own is None or untagged(own) != untagged(image_uri):
        raise RefusedError(
            f"endpoint.image of stage {target.names.stage} must be in the repository of the image that the model was "
            f"registered with, {image_uri}, got {own or 'none'}"
        )
    return TargetImage(image_uri, "", "")


def _digest(stage: DeployedStage, repository: str, tag: str, registry: str | None = None) -> str:
    of = {"registryId": registry} if registry else {}
    found = stage.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}], **of)
    return str(found["imageDetails"][0]["imageDigest"])


def _difference(source_uri: str, source_digest: str, uri: str, digest: str) -> str:
    return (
        f"{uri} ({digest}) is another build of the folder that {source_uri} ({source_digest}) was built from: the code "
        "and the Python packages are the same, the base image may be a newer one"
    )
