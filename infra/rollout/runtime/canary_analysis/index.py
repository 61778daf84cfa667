"""Judge: one look at both fleets of a rollout, and the verdict published as a metric that an alarm watches."""

import hashlib
import logging
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from slipway.canary.checkpoint import Memory
from slipway.canary.conclusion import decide
from slipway.canary.config import Mandate
from slipway.canary.observation import counting, history, latencies
from slipway.canary.observation.latencies import Usual
from slipway.canary.observation.outcomes import Joined, clipped
from slipway.canary.observed_keys import CAPTURE_KEYS, MEMORY_KEYS, OUTCOME_KEYS
from slipway.canary.statistics.decision import verdict_datum, verdict_namespace
from slipway.canary.statistics.e_values import Counts
from slipway.rollout.deployment import clock_rate, deployment_of, seconds_left

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
    deployment = deployment_of(described, previous_config=event["previous_config"], mandate=mandate)
    now = time.time()
    if deployment is not None:
        if memory is None or memory.config != deployment.config:
            memory = Memory.start(mandate.plan, config=deployment.config, since=deployment.started)
        memory = memory.timed(clock_rate(event["clock"]), deployment.baking_since)
        left = seconds_left(deployment, memory.bakes, now=now, rate=memory.rate)
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
    datum = verdict_datum(memory.verdict, endpoint=endpoint, config=memory.config)
    boto3.client("cloudwatch").put_metric_data(Namespace=verdict_namespace(endpoint), MetricData=[datum])


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
        memory = self._learnt(memory, usual, until=memory.since)
        evidence = memory.evidence
        if not counting.is_empty(block):
            evidence = evidence.observe(block, memory.dispersion)
        if (test := self._mandate.value) and evidence.value:
            outcomes = _Outcomes(os.environ["ARTIFACTS_BUCKET"], self._fleets, self._mandate, self._now)
            joined, key = outcomes.joined(memory.joined, since=memory.since, rate=memory.rate)
            green, blue = (clipped(values, test.low, test.high) for values in (joined.green, joined.blue))
            evidence = evidence.with_value(test.observe(evidence.value, green, blue))
            memory = replace(memory, joined=key)
        for source, known in usual.items():
            if known.limits and latencies.has_moved(source, found):
                limits = self._reference(source, self._now - known.since, until=self._now)
                usual[source] = self._from_now(source, limits or known.limits)
                evidence = evidence.counting_anew(usual[source].before)
        usual = {name: known for name, known in usual.items() if known.limits}
        return self._learnt(replace(memory, evidence=evidence, usual=usual), usual, until=self._now)

    def _learnt(self, memory: Memory, usual: Mapping[str, Usual], *, until: float) -> Memory:
        """The memory with the dispersions that an hour tells and that were unknown, for the bets on later blocks.

        They are asked for at the start, and then once a minute: SageMaker tells its own no more often.
        """
        plan, missing = self._mandate.plan, memory.evidence.states.keys() - memory.dispersion.keys()
        queries = history.past_queries(plan, self._fleets, usual, missing)
        if not queries or until < memory.learnt + counting.PERIOD_SECONDS:
            return memory
        told: dict[str, dict[float, float]] = defaultdict(dict)
        for result in self._results(queries, since=until - history.PAST_SECONDS, until=until):
            times = (at.timestamp() for at in result["Timestamps"])
            told[result["Id"]].update(zip(times, result["Values"], strict=True))
        found = history.past_dispersions(plan, usual, missing, told)
        return replace(memory, dispersion={**memory.dispersion, **found}, learnt=until)

    def _usual(self, source: str) -> Usual:
        """The old fleet's usual latencies must be known before requests are held against them; and the new one warm."""
        if known := self._memory.usual.get(source):
            return known
        if not self._memory.is_warm(self._mandate.plan.warm_up_seconds, now=self._now):
            return Usual()
        limits = self._reference(source, latencies.REFERENCE_SECONDS, until=self._memory.since)
        if limits and not self._mandate.plan.warm_up_seconds:
            return Usual(limits, self._memory.since)
        limits = limits or self._reference(source, latencies.REFERENCE_SECONDS, until=self._now)
        return self._from_now(source, limits)

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
        for result in self._results(queries, since=since, until=until):
            found[result["Id"]].extend(result["Values"])
        return dict(found)

    def _results(
        self, queries: Sequence[counting.Query], *, since: float, until: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Each query's datapoints, which may come in several pieces."""
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(since, UTC),
            EndTime=datetime.fromtimestamp(until or self._now + counting.PERIOD_SECONDS, UTC),
        )
        return (result for page in pages for result in page["MetricDataResults"])


class _Outcomes:
    """Reads what is new in S3; what is not of age yet is kept there between looks.

    Each look writes an object of its own, named by what it holds, and only the evidence that came of it names that
    object: where the evidence is lost, so is the memory of what was read for it.
    """

    def __init__(self, bucket: str, fleets: counting.Fleets, mandate: Mandate, now: float) -> None:
        self._s3, self._bucket, self._fleets = boto3.client("s3"), bucket, fleets
        self._mandate, self._now = mandate, now

    def joined(self, known: str, *, since: float, rate: float) -> tuple[Joined, str]:
        """What has come of age since the look that left `known`, its memory's key or ""; and the key of this one's."""
        joined = Joined.from_json(self._text(known), now=self._now) if known else Joined(since)
        read = set(joined.read)
        unread = [(arrived, key) for arrived, key in self._objects(since) if key not in read]
        new, later = unread[:OBJECTS_A_LOOK], unread[OBJECTS_A_LOOK:]
        for arrived, key in new:
            text = self._text(key)
            if key.startswith(f"{OUTCOME_KEYS}/"):
                self._add_outcomes(joined, key, text, arrived)
            else:
                joined.add_captures(text, self._fleets)
        joined.read.extend(key for _, key in new)
        # S3 tells whole seconds, so more may arrive in this one, or in that of the first object left for later.
        until = int(later[0][0] if later else self._now) - 1
        joined.come_of_age(self._mandate.value_horizon_seconds / rate, until=until)
        return joined, self._remember(joined.to_json().encode())

    def _add_outcomes(self, joined: Joined, key: str, text: str, arrived: float) -> None:
        if malformed := joined.add_outcomes(text, arrived=arrived, positive_label=self._mandate.positive_label):
            _LOG.warning("%d lines of %s are no outcome; %d in all", malformed, key, joined.malformed)

    def _remember(self, body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        key = f"{MEMORY_KEYS}/{self._fleets.endpoint}/{self._fleets.config}/{digest}.json"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        return key

    def _text(self, key: str) -> str:
        body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body.decode(errors="replace")

    def _objects(self, since: float) -> list[tuple[float, str]]:
        """Arrivals and keys of the objects that were written since the deployment began, oldest first."""
        folder = f"{CAPTURE_KEYS}/{self._fleets.endpoint}/{self._fleets.variant}/"
        hour = f"{datetime.fromtimestamp(since, UTC):%Y/%m/%d/%H}"
        found = [*self._listed(folder, after=f"{folder}{hour}/"), *self._dated(f"{OUTCOME_KEYS}/", hour.split("/"))]
        return sorted((arrived, key) for arrived, key in found if arrived >= int(since) and key.endswith(".jsonl"))

    def _dated(self, folder: str, hour: Sequence[str]) -> Iterator[tuple[float, str]]:
        """What lies below `folder`, but not in folders `yyyy/mm/dd/hh` before `hour`: those may be months of them."""
        if not hour:
            yield from self._listed(folder)
            return
        for page in self._pages(folder, Delimiter="/"):
            yield from _contents(page)
            for below in (each["Prefix"] for each in page.get("CommonPrefixes", ())):
                name = below[len(folder) : -1]
                if name == hour[0]:
                    yield from self._dated(below, hour[1:])
                elif not _is_before(name, hour[0]):
                    yield from self._listed(below)

    def _listed(self, prefix: str, *, after: str = "") -> Iterator[tuple[float, str]]:
        for page in self._pages(prefix, StartAfter=after):
            yield from _contents(page)

    def _pages(self, prefix: str, **asked: str) -> Any:
        return self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, **asked)


def _is_before(name: str, part: str) -> bool:
    """Whether a folder is an earlier year, month, day or hour; other folders are none."""
    return len(name) == len(part) and bool(re.fullmatch(r"20\d\d|\d\d", name)) and name < part


def _contents(page: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    for found in page.get("Contents", ()):
        yield found["LastModified"].timestamp(), found["Key"]
