"""Whether Docker and the image are there, before anything is started."""

import sys
from pathlib import Path

from rehearsal.containers.docker.client import DockerClient
from slipway.errors import InputError
from slipway.training.image import image_tag

REPOSITORY = "slipway/pipeline-steps"
"""What scripts/build-image calls the image; its tag is the content hash of the steps folder."""


def reach_docker(host: str | None) -> DockerClient:
    """A client whose daemon answers.

    Raises:
        InputError: none does, or this is no Linux.
    """
    if sys.platform != "linux":
        raise InputError(f"backend docker needs Linux, got {sys.platform}")
    docker = DockerClient(host)
    try:
        docker.run("version", "--format", "{{.Server.Version}}")
    except OSError as exc:
        raise InputError(f"backend docker needs a running Docker (try scripts/with-docker), got: {exc}") from exc
    return docker


def require_image(steps_folder: Path, config: Path | None = None, *, host: str | None) -> str:
    """The name of the image of `steps_folder` as it is now; `config` is the use case whose code is in it.

    Raises:
        InputError: Docker does not answer, or that image has not been built.
    """
    docker, image = reach_docker(host), f"{REPOSITORY}:{image_tag(steps_folder)}"
    try:
        docker.run("image", "inspect", image)
    except OSError as exc:
        command = f"make image CONFIG={config}" if config else "make image"
        raise InputError(f"backend docker needs the image {image}: run `{command}`") from exc
    return image
