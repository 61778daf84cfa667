"""The image that a carried model runs in: the next stage's own build of the same folder."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from slipway.operations.errors import RefusedError, message_of
from slipway.operations.site import Site


@dataclass(frozen=True)
class CarriedImage:
    """`uri` lies in the target's repository. A digest names an image's bytes; the source's is empty if not told."""

    uri: str
    digest: str
    source_digest: str
    warning: str = ""


def image_of(image_uri: str, source: Site, target: Site) -> CarriedImage:
    """Find the image with the same tag in the target's repository.

    A tag is the hash of the folder that an image is built from, with the exact Python packages in it; it does not cover
    the base image, which each build takes as its tag stands that day.

    Raises:
        RefusedError: the target has no image of that tag.
    """
    ecr, name, tag = target.client("ecr"), target.names.image_repository, image_uri.rpartition(":")[2]
    try:
        (repository,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
        digest = _digest(target, name, tag)
    except (ecr.exceptions.RepositoryNotFoundException, ecr.exceptions.ImageNotFoundException) as exc:
        raise RefusedError(
            f"repository {name} must hold the image {tag} that the model was made with: deploy "
            f"{target.names.stack('image')} from the commit that {target.settings.promotion.from_stage or 'it'} "
            "was deployed from"
        ) from exc
    uri = f"{repository['repositoryUri']}:{tag}"
    registry, _, path = image_uri.rpartition(":")[0].partition("/")
    try:
        origin = _digest(source, path, tag, registry=registry.partition(".")[0])
    except ClientError as exc:
        untold = f"whether {uri} is the very image of {image_uri} is not known: {message_of(exc)}"
        return CarriedImage(uri, digest, "", untold)
    return CarriedImage(uri, digest, origin, "" if digest == origin else _difference(image_uri, origin, uri, digest))


def _digest(site: Site, repository: str, tag: str, registry: str | None = None) -> str:
    of = {"registryId": registry} if registry else {}
    found = site.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}], **of)
    return str(found["imageDetails"][0]["imageDigest"])


def _difference(source_uri: str, source_digest: str, uri: str, digest: str) -> str:
    return (
        f"{uri} ({digest}) is another build of the folder that {source_uri} ({source_digest}) was built from: the code "
        "and the Python packages are the same, the base image may be a newer one"
    )
