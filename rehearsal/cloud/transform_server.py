"""The server of a transform job's model: the process that an endpoint's server is, on a port of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.container import Program
from rehearsal.endpoints.model_server import STARTUP_SECONDS, ModelServer, prepare_container
from rehearsal.jobs.transform.served_model import ServedModel
from slipway.errors import LaunchError


class TransformServers:
    """Starts one server a job, and ends it with the job."""

    def __init__(self, image_programs: Callable[[str], Program], backend: Backend) -> None:
        self._image_programs, self._backend = image_programs, backend

    def __call__(self, model: ServedModel) -> AbstractContextManager[str]:
        return self._serving(model)

    @contextmanager
    def _serving(self, model: ServedModel) -> Iterator[str]:
        image = str(model.container["Image"])
        try:
            program = self._image_programs(image)
        except LookupError as exc:
            raise LaunchError(f"CannotPullContainerError: no such image, got {image}") from exc
        container = prepare_container(
            model.container, program, model.folder, model.fetch, instance_type=model.instance_type
        )
        server = ModelServer(container, self._backend, model.write_line)
        try:
            server.start(startup_seconds=STARTUP_SECONDS, cancelled=model.stopped)
            yield server.url
        finally:
            server.discard()
