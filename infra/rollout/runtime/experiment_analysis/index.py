"""Experiment analysis: one poll of what the arms' requests have earned, and the weights that follow."""

import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import boto3
from botocore.config import Config

from slipway.canary.observation.object_prefixes import CHECKPOINT_PREFIX, OUTCOME_PREFIX
from slipway.canary.observation.stored_objects import StoredObjects, complete_until, unread
from slipway.experiment.experiment_plan import ExperimentPlan
from slipway.experiment.joined_rewards import JoinedRewards
from slipway.experiment.poll import REPORT_NAME, PollResult, poll, summary
from slipway.rollout.deployment import clock_rate

_LOG = logging.getLogger(__name__)
_OBJECTS_A_POLL = 5000
"""What is left is read at the next poll."""
_READERS = 8
_ANSWER_SECONDS = 10
"""Of S3; a lost response must not take the time of the whole poll."""


@dataclass(frozen=True)
class _Settings:
    """What was set: the plan, when an outcome counts, and where the report goes."""

    plan: ExperimentPlan
    horizon_seconds: float
    bounds: tuple[float, float]
    positive_label: str | None
    report_prefix: str

    @classmethod
    def read(cls, arms: int) -> "_Settings":
        """The plan is for as many arms as there are."""
        found = json.loads(os.environ["EXPERIMENT"])
        least, most = found["bounds"]
        plan = replace(ExperimentPlan.from_document(found.pop("plan")), arms=arms)
        return cls(plan=plan, **{**found, "bounds": (-inf if least is None else least, inf if most is None else most)})


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Poll once. All that was read is in an object that the response names, so a poll that failed can be repeated.

    A poll that was answered is answered by the same again: its process may have ended after it had moved the weights.

    Args:
        event: endpoint; arms (variant and package of each, the champion first); begun (epoch seconds); poll (its
            number); weights and changed_at (those in force, and since when); clock (how long the orchestrator was to
            wait, and from when to when it did); is_over (the longest time has passed); is_paused (nothing is to be
            decided); key: that of the last response, or empty.

    Returns:
        shares, winner (the number of an arm, or null as long as nothing is decided), explanation, key.
    """
    settings, variants = _Settings.read(len(event["arms"])), [arm["variant"] for arm in event["arms"]]
    config = Config(max_pool_connections=_READERS, read_timeout=_ANSWER_SECONDS, retries={"mode": "standard"})
    objects = StoredObjects(boto3.client("s3", config=config), os.environ["ARTIFACTS_BUCKET"], event["endpoint"])
    place = f"{CHECKPOINT_PREFIX}/{event['endpoint']}/experiment"
    name = _poll_name(event)
    if name and (answered := objects.find(f"{place}/{name}")):
        response: dict[str, Any] = json.loads(answered)
        return response
    kept: dict[str, Any] = json.loads(objects.text(event["key"])) if event["key"] else {"rate": 1.0, "history": []}
    rate = max(kept["rate"], clock_rate(event["clock"]))
    joined = (
        JoinedRewards.from_json(kept["joined"]) if event["key"] else JoinedRewards(event["begun"], arms=len(variants))
    )
    joined.begin_period(event["changed_at"])
    _read(joined, objects, settings, variants, rate=rate)
    is_paused = event.get("is_paused", False)  # which a function of an earlier version does not say
    result = (
        PollResult(tuple(event["weights"]))
        if is_paused
        else poll(settings.plan, joined.periods, is_over=event["is_over"])
    )
    history = [*kept["history"], _moment(event, joined)]
    key = objects.store(place, json.dumps({"rate": rate, "history": history, "joined": joined.to_json()}).encode())
    objects.replace(f"{settings.report_prefix}{REPORT_NAME}", _report(event, settings, joined, result, history))
    response = {"shares": result.shares, "winner": result.winner, "explanation": result.explanation, "key": key}
    if name:
        objects.replace(f"{place}/{name}", json.dumps(response).encode())
    return response


def _poll_name(event: Mapping[str, Any]) -> str:
    """Of the object with a poll's answer; empty where a function of an earlier version asks, which numbers no poll."""
    if "poll" not in event:
        return ""
    asked = json.dumps([event[name] for name in ("begun", "poll", "key")] + [event.get("is_paused", False)])
    return f"answers/{hashlib.sha256(asked.encode()).hexdigest()}.json"


def _read(
    joined: JoinedRewards, objects: StoredObjects, settings: _Settings, variants: list[str], *, rate: float
) -> None:
    now, arms = time.time(), {objects.folder(variant): arm for arm, variant in enumerate(variants)}
    written = objects.written(variants, since=joined.since)
    new, later = unread(written, joined.read, most=_OBJECTS_A_POLL)
    with ThreadPoolExecutor(_READERS) as pool:
        for (arrived, key), text in zip(new, pool.map(objects.text, (key for _, key in new)), strict=True):
            if not key.startswith(f"{OUTCOME_PREFIX}/"):
                joined.add_captures(text, next(arm for folder, arm in arms.items() if key.startswith(folder)))
            elif malformed := joined.add_outcomes(text, arrived=arrived, positive_label=settings.positive_label):
                _LOG.warning("%d lines of %s are no outcome; %d in all", malformed, key, joined.malformed)
    # What is not listed any more is too old to be read again.
    known = set(joined.read)
    joined.read = [key for _, key in written if key in known]
    until = complete_until(later, now=now)
    joined.count_due(settings.horizon_seconds / rate, until=until, bounds=settings.bounds)


def _moment(event: Mapping[str, Any], joined: JoinedRewards) -> dict[str, Any]:
    counted = [sum(period[arm][0] for period in joined.sums) for arm in range(joined.arms)]
    return {"at": event["clock"]["to"], "weights": event["weights"], "outcomes": counted}


def _report(
    event: Mapping[str, Any],
    settings: _Settings,
    joined: JoinedRewards,
    result: PollResult,
    history: list[dict[str, Any]],
) -> bytes:
    found = summary(settings.plan, joined.periods)
    for arm, about in zip(found["arms"], event["arms"], strict=True):
        arm |= {"variant": about["variant"], "package": about["package"]}
    document = {
        **found,
        "mode": settings.plan.mode,
        "begun": event["begun"],
        "weights": event["weights"],
        "malformed_outcomes": joined.malformed,
        "winner": result.winner,
        "explanation": result.explanation,
        "history": history,
    }
    return json.dumps(document).encode()
