"""How many bytes of request bodies one server keeps, over all its connections."""

from dataclasses import dataclass

MAX_BUFFERED_BYTES = 64 * 1024 * 1024
"""Two of SageMaker's largest requests, and some."""


@dataclass(slots=True)
class BodyBudget:
    """The bytes of bodies that are incomplete or have no response yet. Only the event loop's thread changes it.

    Bytes count when they arrive, not when they are announced: a client that sends none takes none from the others.
    """

    limit: int = MAX_BUFFERED_BYTES
    used: int = 0
