"""Judge: one look at both fleets of a rollout, and the verdict published as a metric that an alarm watches."""

import hashlib
import logging
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from blueprint.artifact_keys import CAPTURE_KEYS, MEMORY_KEYS, OUTCOME_KEYS
from blueprint.judging import counting, latencies, schedule
from blueprint.judging.decision import decide
from blueprint.judging.latencies import Usual
from blueprint.judging.mandate import Mandate
from blueprint.judging.memory import Memory
from blueprint.judging.outcomes import Joined, clipped
from blueprint.verdicts.judge import VERDICT_METRIC, VERDICT_NAMESPACE
from blueprint.verdicts.proportions import Counts

_LOG = logging.getLogger(__name__)
OBJECTS_A_LOOK = 50
"""What is left is read at the next look."""


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Look once. All that is remembered is in the answer or named by it, so a look that failed can be taken again.

    Args:
        event: endpoint, package, previous_package, previous_config; clock (how long the state machine was to wait, and
            from when to when it did); evidence: that of the last answer, or null.

    Returns:
        verdict (0 extend, 1 promote, 2 roll back), whether it has changed, sentence, config (the new fleet's, or ""),
        settled (no further evidence is needed for a promotion), evidence.
    """
    mandate = Mandate.from_json(os.environ["JUDGE"])
    memory = Memory.from_document(mandate.plan, event["evidence"]) if event.get("evidence") else None
    described = _describe(boto3.client("sagemaker"), event["endpoint"])
    deployment = schedule.deployment_of(described, previous_config=event["previous_config"], mandate=mandate)
    now = time.time()
    if deployment is not None:
        if memory is None or memory.config != deployment.config:
            memory = Memory.start(mandate.plan, config=deployment.config, since=deployment.started)
        memory = memory.timed(schedule.clock_rate(event["clock"]), deployment.baking_since)
        left = schedule.seconds_left(deployment, memory.bakes, now=now, rate=memory.rate)
    elif memory is not None and described.get("EndpointConfigName") == memory.config:
        left = 0.0  # everybody is served by the new fleet already
    else:
        return _answer(memory)
    before, memory = memory.verdict, decide(_Look(event, mandate, memory, now).seen(), mandate, left=left)
    _publish(event["endpoint"], memory)
    return _answer(memory, changed=memory.verdict is not before)


def _describe(sagemaker: Any, endpoint: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as exc:
        if "Could not find endpoint" not in str(exc):
            raise
        return {}
    return found


def _answer(memory: Memory | None, *, changed: bool = False) -> dict[str, Any]:
    if memory is None:
        return {"verdict": 0, "changed": False, "sentence": "", "config": "", "settled": False, "evidence": None}
    told = memory.to_document()
    shown = {name: told[name] for name in ("verdict", "sentence", "config", "settled")}
    return {**shown, "changed": changed, "evidence": told}


def _publish(endpoint: str, memory: Memory) -> None:
    dimensions = {"EndpointName": endpoint, "EndpointConfigName": memory.config}
    datum = {
        "MetricName": VERDICT_METRIC,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Value": float(memory.verdict),
        "StorageResolution": 1,
    }
    boto3.client("cloudwatch").put_metric_data(Namespace=VERDICT_NAMESPACE, MetricData=[datum])


class _Look:
    """What both fleets did since the last look."""

    def __init__(self, event: Mapping[str, Any], mandate: Mandate, memory: Memory, now: float) -> None:
        self._mandate, self._memory, self._now = mandate, memory, now
        self._cloudwatch = boto3.client("cloudwatch")
        self._fleets = counting.Fleets(
            endpoint=event["endpoint"],
            variant=mandate.variant,
            config=memory.config,
            previous_config=event["previous_config"],
            package=event["package"],
            previous_package=event["previous_package"],
        )

    def seen(self) -> Memory:
        """The memory with everything that is new."""
        plan, memory = self._mandate.plan, self._memory
        usual = {source: self._usual(source) for source in latencies.sources(plan)}
        found = counting.totals(plan, self._read(counting.count_queries(plan, self._fleets), since=memory.since))
        for source, known in usual.items():
            found |= known.new(self._latencies(source, known.limits, since=known.since))
        block = counting.growth(found, memory.evidence.states)
        evidence = memory.evidence if counting.is_empty(block) else memory.evidence.observe(block)
        if (test := self._mandate.value) and evidence.value:
            outcomes = _Outcomes(os.environ["ARTIFACTS_BUCKET"], self._fleets, self._mandate.positive_label)
            joined, key = outcomes.joined(memory.joined, since=memory.since)
            green, blue = (clipped(values, test.low, test.high) for values in (joined.green, joined.blue))
            evidence = evidence.with_value(test.observe(evidence.value, green, blue))
            memory = replace(memory, joined=key)
        for source, known in usual.items():
            if known.limits and latencies.has_moved(source, found):
                limits = self._reference(source, self._now - known.since, until=self._now)
                usual[source] = self._from_now(source, limits or known.limits)
                evidence = evidence.counting_anew(usual[source].before)
        return replace(memory, evidence=evidence, usual={name: known for name, known in usual.items() if known.limits})

    def _usual(self, source: str) -> Usual:
        """The old fleet's usual latencies must be known before requests are held against them."""
        if known := self._memory.usual.get(source):
            return known
        if limits := self._reference(source, latencies.REFERENCE_SECONDS, until=self._memory.since):
            return Usual(limits, self._memory.since)
        return self._from_now(source, self._reference(source, latencies.REFERENCE_SECONDS, until=self._now))

    def _reference(self, source: str, seconds: float, *, until: float) -> tuple[float, ...]:
        queries = latencies.reference_queries(self._fleets, source, seconds=seconds)
        return latencies.reference_of(self._read(queries, since=until - seconds, until=until))

    def _from_now(self, source: str, limits: tuple[float, ...]) -> Usual:
        """What the datapoints that are under way hold already is left out."""
        return Usual(limits, self._now, self._latencies(source, limits, since=self._now))

    def _latencies(self, source: str, limits: Sequence[float], *, since: float) -> dict[str, Counts]:
        if not limits:
            return {}
        queries = latencies.latency_queries(self._mandate.plan, self._fleets, source, limits)
        return latencies.latency_totals(source, self._read(queries, since=since))

    def _read(self, queries: Sequence[counting.Query], *, since: float, until: float | None = None) -> Any:
        found: dict[str, list[float]] = defaultdict(list)
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(since, UTC),
            EndTime=datetime.fromtimestamp(until or self._now + counting.PERIOD_SECONDS, UTC),
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                found[result["Id"]].extend(result["Values"])
        return dict(found)


class _Outcomes:
    """Reads what is new in S3; what waits for its other half is kept there between looks.

    Each look writes an object of its own, named by what it holds, and only the evidence that came of it names that
    object: where the evidence is lost, so is the memory of what was read for it.
    """

    def __init__(self, bucket: str, fleets: counting.Fleets, positive_label: str) -> None:
        self._s3, self._bucket, self._fleets = boto3.client("s3"), bucket, fleets
        self._positive_label = positive_label

    def joined(self, known: str, *, since: float) -> tuple[Joined, str]:
        """What has met since the look that left `known`, the key of its memory or ""; and the key of this one's."""
        joined = Joined.from_json(self._text(known)) if known else Joined()
        read = set(joined.read)
        new = [key for key in self._keys(since) if key not in read][:OBJECTS_A_LOOK]
        if not new:
            return joined, known
        for key in new:
            text = self._text(key)
            if key.startswith(f"{OUTCOME_KEYS}/"):
                self._add_outcomes(joined, key, text)
            else:
                joined.add_captures(text, self._fleets, since=since)
        joined.read.extend(new)
        return joined, self._remember(joined.to_json().encode())

    def _add_outcomes(self, joined: Joined, key: str, text: str) -> None:
        if malformed := joined.add_outcomes(text, positive_label=self._positive_label):
            _LOG.warning("%d lines of %s are no outcome; %d in all", malformed, key, joined.malformed)

    def _remember(self, body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        key = f"{MEMORY_KEYS}/{self._fleets.endpoint}/{self._fleets.config}/{digest}.json"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        return key

    def _text(self, key: str) -> str:
        body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body.decode(errors="replace")

    def _keys(self, since: float) -> list[str]:
        """Objects that were written since the deployment began, oldest first."""
        folder = f"{CAPTURE_KEYS}/{self._fleets.endpoint}/{self._fleets.variant}/"
        first = f"{datetime.fromtimestamp(since, UTC):%Y/%m/%d/%H/}"
        found = [
            *self._listed(folder, after=folder + first, since=since),
            *self._listed(f"{OUTCOME_KEYS}/", since=since),
        ]
        return [key for _, key in sorted(found)]

    def _listed(self, prefix: str, *, since: float, after: str = "") -> list[tuple[float, str]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after)
        return [
            (found["LastModified"].timestamp(), found["Key"])
            for page in pages
            for found in page.get("Contents", ())
            if found["Key"].endswith(".jsonl") and found["LastModified"].timestamp() >= int(since)
        ]
