"""What scaling policies do to their targets: one change at a time, each recorded as Application Auto Scaling does."""

import datetime as dt
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import ApiError
from rehearsal.cloud.scaling_policy import Change, Signal, capacity

Record = dict[str, Any]
CallApi = Callable[[str, dict[str, Any]], Mapping[str, Any]]

_MOST_KEPT = 500
_POLL_SECONDS = 0.05
_log = logging.getLogger(__name__)


class ScalingActivities:
    """Attributes: records: as DescribeScalingActivities shows them, the newest first."""

    def __init__(self, call_api: CallApi, *, speed: float) -> None:
        self._call_api, self._speed = call_api, speed
        self._last: dict[str, Change] = {}
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self.records: deque[Record] = deque(maxlen=_MOST_KEPT)

    def act(self, policy: Record, target: Record, alarm: Mapping[str, Any]) -> threading.Thread:
        """Change the target as the policy wants by this alarm; on a thread of its own, for it calls the API."""
        thread = threading.Thread(target=self._act, args=(policy, target, alarm), name="scaling", daemon=True)
        thread.start()
        return thread

    def _act(self, policy: Record, target: Record, alarm: Mapping[str, Any]) -> None:
        resource = str(target["ResourceId"])
        with self._lock:
            if resource in self._busy:  # the alarm acts again in a minute, if it is still in ALARM
                return
            self._busy.add(resource)
        try:
            self._change(policy, target, alarm)
        except ApiError as exc:  # as where the endpoint has just been deleted
            _log.warning("%s was not scaled: %s", resource, exc)
        finally:
            with self._lock:
                self._busy.discard(resource)

    def _change(self, policy: Record, target: Record, alarm: Mapping[str, Any]) -> None:
        resource = str(target["ResourceId"])
        current = self._variant(resource)["DesiredInstanceCount"]
        signal, now = Signal.of(alarm), time.monotonic() * self._speed
        wanted = capacity(policy, signal, current=current, last=self._last.get(resource), now=now)
        wanted = min(max(wanted, target["MinCapacity"]), target["MaxCapacity"])
        if wanted == current:
            return
        record = self._begin(policy, target, alarm, wanted)
        _, endpoint, _, variant = resource.split("/")
        change = {"VariantName": variant, "DesiredInstanceCount": wanted}
        try:
            self._call_api(
                "UpdateEndpointWeightsAndCapacities",
                {"EndpointName": endpoint, "DesiredWeightsAndCapacities": [change]},
            )
            reached = self._settled(resource)
        except ApiError as exc:  # as while an update is under way
            reached, reason = None, f" Reason: {exc.message}"
        else:
            reason = ""
        if reached == wanted:
            self._last[resource] = Change(current, wanted, time.monotonic() * self._speed)
            _end(record, "Successful", f"Successfully set desired instance count to {wanted}.")
        else:
            _end(record, "Failed", f"Failed to set desired instance count to {wanted}.{reason}")
        _log.info("scaling of %s: %s %s", resource, record["StatusMessage"], record["Cause"])

    def _begin(self, policy: Record, target: Record, alarm: Mapping[str, Any], wanted: int) -> Record:
        record = {
            "ActivityId": str(uuid.uuid4()),
            **{key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")},
            "Description": f"Setting desired instance count to {wanted}.",
            "Cause": f"monitor alarm {alarm['AlarmName']} in state ALARM triggered policy {policy['PolicyName']}",
            "StartTime": dt.datetime.now(dt.UTC),
            "StatusCode": "InProgress",
            "StatusMessage": f"Setting desired instance count to {wanted}.",
        }
        self.records.appendleft(record)
        return record

    def _settled(self, resource: str) -> int:
        """The number of instances once the endpoint is not being changed any more."""
        _, endpoint, _, _ = resource.split("/")
        while self._call_api("DescribeEndpoint", {"EndpointName": endpoint})["EndpointStatus"] == "Updating":
            time.sleep(_POLL_SECONDS)
        return int(self._variant(resource)["CurrentInstanceCount"])

    def _variant(self, resource: str) -> Record:
        _, endpoint, _, name = resource.split("/")
        described = self._call_api("DescribeEndpoint", {"EndpointName": endpoint})
        for variant in described.get("ProductionVariants", ()):
            if variant["VariantName"] == name:
                return dict(variant)
        raise ApiError("ObjectNotFoundException", f"endpoint {endpoint} has no variant {name} now")


def _end(record: Record, code: str, message: str) -> None:
    record |= {"EndTime": dt.datetime.now(dt.UTC), "StatusCode": code, "StatusMessage": message}
