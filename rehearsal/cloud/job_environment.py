"""What runs jobs: the images and the backend. It imports little, so it is ready first."""

from dataclasses import dataclass

from rehearsal.cloud.cloud_options import CloudOptions
from rehearsal.cloud.images import ImageTable
from rehearsal.cloud.own_images import read_own_images
from rehearsal.containers.backends.backend import JobBackend
from rehearsal.containers.choice import choose_backend


@dataclass(frozen=True)
class JobEnvironment:
    backend: JobBackend
    images: ImageTable


def open_job_environment(options: CloudOptions) -> JobEnvironment:
    """Prepare for the jobs of the steps folder as it is now; their modules are imported in the background.

    Raises:
        InputError: this system refuses the backend.
    """
    backend = choose_backend(options.backend, docker_host=options.docker_host)
    own = read_own_images(options.own_images) if options.own_images else {}
    images = ImageTable(
        options.steps_folder,
        options.workdir,
        on_built=backend.warm_up,
        own=own,
        in_docker=backend.name == "docker",
    )
    images.stage()
    return JobEnvironment(backend, images)
