"""Canary analysis: one poll of both fleets of a rollout, and the decision as a metric that an alarm watches.

Of a shadow and the live model likewise, where the decision is the response alone.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from slipway.canary.checkpoint import Checkpoint
from slipway.canary.config import AnalysisConfig
from slipway.canary.decision import decide
from slipway.canary.observation import counting, history, latencies
from slipway.canary.observation.latencies import LatencyBaseline
from slipway.canary.observation.outcomes import clipped
from slipway.canary.observation.rollout_captures import RolloutCaptures
from slipway.canary.observation.stored_objects import StoredObjects
from slipway.canary.shadow import decide_shadow
from slipway.canary.statistics.dispersion import UNKNOWN, after
from slipway.canary.statistics.e_values import Counts
from slipway.metrics import SHADOW_VARIANT, decision_datum, decision_namespace
from slipway.rollout.deployment import clock_rate, deployment_of, seconds_left
from slipway.rollout.own_server import OwnServer


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Poll once. The checkpoint is in the response or named by it, so a poll that failed can be repeated.

    Args:
        event: endpoint, package, previous_package, previous_config; clock (how long the orchestrator was to wait, and
            from when to when it did); checkpoint: that of the last response, or null; proven: the metrics that need no
            more evidence, by what has proven them; shadow, where the package is one of `previous_config`: since when,
            in epoch seconds, how long it was waited since, and is waited at most.

    Returns:
        decision (0 extend, 1 promote, 2 roll back), changed (whether it has), explanation, endpoint_config (of the new
        fleet, or ""), settled (no further evidence is needed for a promotion), checkpoint.
    """
    config = AnalysisConfig.from_json(os.environ["CANARY_ANALYSIS"])
    config = config.of_shadow() if event.get("shadow") else config
    stored = event.get("checkpoint")
    checkpoint = Checkpoint.from_document(config.tolerances, stored) if stored else None
    if event.get("shadow"):
        return _poll_shadow(event, config, checkpoint)
    described = _describe(boto3.client("sagemaker"), event["endpoint"])
    deployment = deployment_of(described, previous_config=event["previous_config"], config=config)
    now = time.time()
    if deployment is not None:
        if checkpoint is None or checkpoint.endpoint_config != deployment.config:
            checkpoint = Checkpoint.start(
                config.tolerances,
                endpoint_config=deployment.config,
                since=deployment.started,
                proven=event.get("proven"),
            )
        checkpoint = checkpoint.timed(clock_rate(event["clock"]), deployment.baking_since)
        left = seconds_left(deployment, checkpoint.bakes, now=now, rate=checkpoint.rate)
    elif checkpoint is not None and described.get("EndpointConfigName") == checkpoint.endpoint_config:
        left = 0.0  # the new fleet serves all traffic already
    else:
        return _response(checkpoint)
    before, checkpoint = checkpoint.decision, decide(_Poll(event, config, checkpoint, now).seen(), config, left=left)
    _publish(event["endpoint"], checkpoint)
    return _response(checkpoint, changed=checkpoint.decision is not before)


def _poll_shadow(event: dict[str, Any], config: AnalysisConfig, checkpoint: Checkpoint | None) -> dict[str, Any]:
    since = event["shadow"]["since"]
    before = checkpoint or Checkpoint.start(config.tolerances, endpoint_config=event["previous_config"], since=since)
    timed = before.timed(clock_rate(event["clock"]), since)
    seen = _Poll(event, config, timed, time.time()).seen()
    after = decide_shadow(seen, waited=event["shadow"]["waited"], most_seconds=event["shadow"]["most"])
    return _response(after, changed=after.decision is not before.decision)


def _describe(sagemaker: Any, endpoint: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as exc:
        if "Could not find endpoint" not in str(exc):
            raise
        return {}
    return found


def _response(checkpoint: Checkpoint | None, *, changed: bool = False) -> dict[str, Any]:
    if checkpoint is None:
        return {
            "decision": 0,
            "changed": False,
            "explanation": "",
            "endpoint_config": "",
            "settled": False,
            "checkpoint": None,
        }
    document = checkpoint.to_document()
    shown = {name: document[name] for name in ("decision", "explanation", "endpoint_config", "settled")}
    return {**shown, "changed": changed, "checkpoint": document}


def _publish(endpoint: str, checkpoint: Checkpoint) -> None:
    datum = decision_datum(checkpoint.decision, endpoint=endpoint, config=checkpoint.endpoint_config)
    boto3.client("cloudwatch").put_metric_data(Namespace=decision_namespace(endpoint), MetricData=[datum])


class _Poll:
    """What both fleets did since the last poll."""

    def __init__(self, event: Mapping[str, Any], config: AnalysisConfig, checkpoint: Checkpoint, now: float) -> None:
        self._config, self._checkpoint, self._now = config, checkpoint, now
        self._cloudwatch = boto3.client("cloudwatch")
        self._fleets = counting.Fleets(
            endpoint=event["endpoint"],
            variant=config.variant,
            config=checkpoint.endpoint_config,
            previous_config=event["previous_config"],
            package=event["package"],
            previous_package=event["previous_package"],
            shadow=SHADOW_VARIANT if event.get("shadow") else "",
        )

    def seen(self) -> Checkpoint:
        """The checkpoint with everything that is new."""
        tolerances, checkpoint = self._config.tolerances, self._checkpoint
        baselines = {source: self._baseline(source) for source in latencies.sources(tolerances)}
        found = counting.totals(
            tolerances,
            self._fleets,
            self._read(counting.count_queries(tolerances, self._fleets), since=checkpoint.since),
        )
        for source, known in baselines.items():
            found |= known.new(self._latencies(source, known.limits, since=known.since))
        if server := os.environ.get("OWN_SERVER"):
            numbers = OwnServer.from_json(server).numbers
            scores, dispersions, key = self._captures().scores(checkpoint.scores_key, numbers, since=checkpoint.since)
            found |= scores.totals()
            checkpoint = replace(checkpoint, scores_key=key, dispersion={**checkpoint.dispersion, **dispersions})
        block = counting.growth(found, checkpoint.evidence.states)
        checkpoint = self._with_dispersion(checkpoint, baselines, until=checkpoint.since)
        evidence = checkpoint.evidence
        if not counting.is_empty(block):
            minute = checkpoint.minute(self._now)
            dispersion = after(checkpoint.baked_seconds(self._now), {**UNKNOWN, **checkpoint.dispersion})
            evidence = evidence.observe(block, dispersion, bake=checkpoint.bake, minute=minute)
        if (bounds := self._config.value) and evidence.value and not self._fleets.shadow:
            joined, key = self._captures().outcomes(
                checkpoint.outcomes_key,
                since=checkpoint.since,
                horizon=self._config.value_horizon_seconds / checkpoint.rate,
                positive_label=self._config.positive_label,
            )
            green, blue = (clipped(values, bounds.low, bounds.high) for values in (joined.green, joined.blue))
            evidence = evidence.with_value(evidence.value.observe(bounds, green, blue))
            checkpoint = replace(checkpoint, outcomes_key=key)
        for source, known in baselines.items():
            if known.limits and latencies.has_moved(source, found):
                limits = self._reference(source, self._now - known.since, until=self._now)
                baselines[source] = self._from_now(source, limits or known.limits)
                evidence = evidence.with_counts_reset(baselines[source].before)
        baselines = {name: known for name, known in baselines.items() if known.limits}
        return self._with_dispersion(
            replace(checkpoint, evidence=evidence, latency_baselines=baselines), baselines, until=self._now
        )

    def _captures(self) -> RolloutCaptures:
        objects = StoredObjects(boto3.client("s3"), os.environ["ARTIFACTS_BUCKET"], self._fleets.endpoint)
        return RolloutCaptures(objects, self._fleets, self._now)

    def _with_dispersion(
        self, checkpoint: Checkpoint, baselines: Mapping[str, LatencyBaseline], *, until: float
    ) -> Checkpoint:
        """The checkpoint with the dispersions that were unknown and that hours of counts give, for later blocks.

        They are read at the start, and then once a minute: SageMaker reports its own no more often.
        """
        tolerances, missing = self._config.tolerances, checkpoint.evidence.states.keys() - checkpoint.dispersion.keys()
        queries = history.history_queries(tolerances, self._fleets, baselines, missing)
        if not queries or until < checkpoint.dispersion_read_until + counting.PERIOD_SECONDS:
            return checkpoint
        series: dict[str, dict[float, float]] = defaultdict(dict)
        for result in self._results(queries, since=until - history.HISTORY_SECONDS, until=until):
            times = (at.timestamp() for at in result["Timestamps"])
            series[result["Id"]].update(zip(times, result["Values"], strict=True))
        found = history.history_dispersions(tolerances, baselines, missing, series)
        return replace(checkpoint, dispersion={**checkpoint.dispersion, **found}, dispersion_read_until=until)

    def _baseline(self, source: str) -> LatencyBaseline:
        """The old fleet's latencies must be known before requests are compared with them; and the new fleet warm."""
        if known := self._checkpoint.latency_baselines.get(source):
            return known
        if not self._checkpoint.is_warm(self._config.tolerances.warm_up_seconds, now=self._now):
            return LatencyBaseline()
        limits = self._reference(source, latencies.REFERENCE_SECONDS, until=self._checkpoint.since)
        if limits and not self._config.tolerances.warm_up_seconds:
            return LatencyBaseline(limits, self._checkpoint.since)
        limits = limits or self._reference(source, latencies.REFERENCE_SECONDS, until=self._now)
        return self._from_now(source, limits)

    def _reference(self, source: str, seconds: float, *, until: float) -> tuple[float, ...]:
        queries = latencies.reference_queries(self._fleets, source, seconds=seconds)
        return latencies.reference_of(self._read(queries, since=until - seconds, until=until))

    def _from_now(self, source: str, limits: tuple[float, ...]) -> LatencyBaseline:
        """Counts in the datapoints of the current period are left out: only what is added to them is new."""
        return LatencyBaseline(limits, self._now, self._latencies(source, limits, since=self._now))

    def _latencies(self, source: str, limits: Sequence[float], *, since: float) -> dict[str, Counts]:
        if not limits:
            return {}
        queries = latencies.latency_queries(self._config.tolerances, self._fleets, source, limits)
        return latencies.latency_totals(source, self._fleets, self._read(queries, since=since))

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
