"""What runs jobs: the images and the backend. It takes little to import, so it can be there first."""

from dataclasses import dataclass

from rehearsal.cloud.images import ImageTable
from rehearsal.cloud.options import CloudOptions
from rehearsal.containers.backends.choice import choose_backend
from rehearsal.containers.backends.protocol import JobBackend


@dataclass(frozen=True)
class Workshop:
    backend: JobBackend
    images: ImageTable


def open_workshop(options: CloudOptions) -> Workshop:
    """Get ready for the jobs of the steps folder as it is now; what they import is imported in the background.

    Raises:
        InputError: this system refuses the backend.
    """
    backend = choose_backend(options.backend, docker_host=options.docker_host)
    images = ImageTable(options.steps_folder, options.workdir, on_built=backend.warm_up)
    images.stage()
    return Workshop(backend, images)
