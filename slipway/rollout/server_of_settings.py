"""The user's own server as the settings describe it."""

from slipway.rollout.own_server import OwnServer
from slipway.settings import Endpoint, Rollout


def own_server(endpoint: Endpoint) -> OwnServer | None:
    """None where Slipway's server serves."""
    request, output = endpoint.request, endpoint.output
    if endpoint.image is None or output is None:
        return None
    return OwnServer(
        content_type=request.content_type,
        template=request.body_template,
        response_type=output.content_type,
        pointer=output.pointer,
        column=output.column,
    )


def captures_apart(endpoint: Endpoint, rollout: Rollout) -> bool:
    """Whether each package's captured requests have a prefix of their own: by it alone a record's fleet is known."""
    analysis = rollout.canary_analysis
    return endpoint.image is not None and analysis.enabled and analysis.scores
