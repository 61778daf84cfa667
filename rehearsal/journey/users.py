"""The users of an endpoint, by its kind."""

from collections.abc import Sequence

from rehearsal.endpoints.load_generator import LoadGenerator
from rehearsal.endpoints.queue_load import QueueLoad
from rehearsal.journey.embedded_aws import EmbeddedAws
from slipway.settings import Settings


def users_of(
    settings: Settings, aws: EmbeddedAws, *, bodies: Sequence[bytes], rate_per_second: float, bucket: str
) -> LoadGenerator:
    """They wait for their responses, or put their requests into `bucket` and find the responses there."""
    where = (aws.endpoint_url, settings.names.endpoint, bodies, settings.endpoint.request.content_type, rate_per_second)
    if settings.endpoint.facts.waits:
        return QueueLoad(*where, key=aws.key, s3=aws.client("s3"), bucket=bucket)
    return LoadGenerator(*where, key=aws.key)
