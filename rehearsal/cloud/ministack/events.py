"""Events of AWS services on the account's default EventBridge bus."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import eventbridge as _eventbridge

from rehearsal.cloud.ministack.serving_loop import ServingLoop


class EventBus:
    def __init__(self, loop: ServingLoop) -> None:
        self._loop = loop

    def emit(self, source: str, detail_type: str, detail: Mapping[str, Any], *, resources: Sequence[str]) -> None:
        """Put the event on the bus, after those emitted before it; rules and targets run as ministack has them."""
        entry = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Resources": list(resources),
        }
        self._loop.post(lambda: _eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True))
