"""How many bytes of request bodies one server holds, over all its connections."""

from dataclasses import dataclass

MAX_HELD_BYTES = 64 * 1024 * 1024
"""Ten of SageMaker's largest requests, and some."""


@dataclass(slots=True)
class BodyBudget:
    """The bytes of bodies that are not complete or not answered. Only the event loop's thread changes it.

    Bytes count when they have come, not when they are announced: a client that sends none takes none from the others.
    """

    most: int = MAX_HELD_BYTES
    held: int = 0
