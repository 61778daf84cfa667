"""Endpoints without instances: for use cases with little traffic."""

from typing import Literal

from pydantic import Field

from slipway.settings.section import Section


class Serverless(Section):
    """No instances: SageMaker starts the container for a request, which waits for it, and bills by the millisecond.

    What AWS does not offer for such endpoints is refused rather than ignored; where `kind` is left out, this section
    makes it serverless.
    """

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    """Memory of a container."""
    max_concurrency: int = Field(5, ge=1, le=200)
    """Requests that are answered at the same time; further ones are refused."""
