"""What a transform job needs of a model's server."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Protocol


@dataclass(frozen=True)
class ServedModel:
    """A model's container: its image, its archive, its environment, and where it runs."""

    container: Mapping[str, Any]
    """Image, ModelDataUrl and Environment."""
    folder: Path
    """Of the job, for the container alone."""
    instance_type: str
    fetch: Callable[[str, Path], None]
    """Writes the archive of an address to a file, with the rights of the model's role."""
    write_line: Callable[[str], None]
    stopped: Event


class ServeModel(Protocol):
    def __call__(self, model: ServedModel) -> AbstractContextManager[str]:
        """Serve `model` within the context, which gives the server's URL.

        Raises:
            LaunchError: it did not start, or does not pass its health check.
        """
