"""Whether the laptop can run the images of the user's own, before anything is started."""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.readiness import reach_docker
from slipway.errors import InputError
from slipway.settings import Settings

OWN_IMAGES = "own_images.json"
"""In the run's folder: the entry points of the user's own images, by URI."""


def write_own_images(settings: Settings, workdir: Path, backend: str) -> Iterator[str]:
    """Write the entry points for the embedded AWS; gives a line for each image.

    Raises:
        InputError: Docker has no image of that name, or without Docker no command stands for it.
    """
    named = {
        "training": (settings.training.image, settings.training.local_command),
        "endpoint": (settings.endpoint.image, settings.endpoint.local_command),
    }
    if settings.has_builtin_training:
        raise InputError(
            f"training.image must be left out of a stage that is rehearsed, got {settings.training.image}: SageMaker's "
            "own images cannot be had here; see docs/how-to/builtin-xgboost.md"
        )
    docker = None
    found: dict[str, str] = {}
    for section, (image, command) in named.items():
        if image is None:
            continue
        if backend == "docker":
            docker = docker or reach_docker(os.environ.get("DOCKER_HOST"))
            found[image] = _entry_point(docker, section, image)
            yield f"{section}.image is what Docker has as {image}"
        elif command is None:
            raise InputError(
                f"{section}.local_command must say what starts {image} on this machine, got none: give its entry "
                "point, or rehearse with --backend docker"
            )
        elif found.setdefault(image, command) != command:
            raise InputError(f"local_command of training and endpoint must be alike: both are of {image}")
        else:
            yield f"{section}.image is run on this machine as `{command}`"
    if found:
        (workdir / OWN_IMAGES).write_text(json.dumps(found), encoding="utf-8")


def _entry_point(docker: DockerClient, section: str, image: str) -> str:
    try:
        words = json.loads(docker.run("image", "inspect", "--format", "{{json .Config.Entrypoint}}", image))
    except OSError as exc:
        raise InputError(
            f"backend docker needs the image {image} of {section}.image: pull it, or give yours that name with "
            f"`docker tag MY_IMAGE {image}`"
        ) from exc
    return shlex.join(words or [])
