"""Endpoints without instances: for use cases that hardly anybody asks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from slipway.settings.section import Section

if TYPE_CHECKING:
    from slipway.settings.use_case import Settings


class Serverless(Section):
    """No instances: SageMaker starts the container for a request, which waits for it, and bills by the millisecond.

    What AWS does not offer for such endpoints is refused together with this section, rather than ignored; see
    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144]
    """Memory of a container."""
    max_concurrency: int = Field(5, ge=1, le=200)
    """Requests that are answered at the same time; further ones are refused."""


def serverless_mistakes(settings: "Settings") -> Iterator[str]:
    """What cannot be had together with `endpoint.serverless`; nothing where that is not given."""
    endpoint, rollout = settings.endpoint, settings.rollout
    if endpoint.serverless is None:
        return
    if rollout.type != "all_at_once":
        # A canary is a share of the instances, of which there are none; rolling is excluded by name.
        yield f"rollout.type must be all_at_once with endpoint.serverless, got {rollout.type}"
    if rollout.canary_analysis.enabled:
        yield "rollout.canary_analysis must be off with endpoint.serverless: there are never two fleets to compare"
    if endpoint.capture_percent:
        yield f"endpoint.capture_percent must be 0 with endpoint.serverless, got {endpoint.capture_percent}"
    if endpoint.autoscaling:
        yield "endpoint.autoscaling must be left out with endpoint.serverless, which has no instances"
    if endpoint.hours:
        yield "endpoint.hours must be left out with endpoint.serverless, which costs nothing while nobody asks"
    if settings.access.vpc:
        yield "access.vpc must be left out with endpoint.serverless, which runs in no network of yours"
