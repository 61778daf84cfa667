"""Executions of the rollout's state machine, as far as an operator needs them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.operations.deployed_stage import DeployedStage
from slipway.rollout.pause import WAY_BACK

_LOOKED_AT = 200
"""Events of a history that are searched for what an execution does now."""


@dataclass(frozen=True)
class Execution:
    arn: str
    package: str
    status: str
    started: datetime
    ended: datetime | None
    error: str | None
    cause: str | None


@dataclass(frozen=True)
class Progress:
    """Where an execution stands: the state it is in, and the newest judgement's sentence."""

    state: str
    sentence: str | None


def running(site: DeployedStage) -> list[Execution]:
    """Oldest first: they have their turns in this order, but a way back passes what is held."""
    return sorted(_listed(site, "RUNNING"), key=lambda execution: execution.started)


def in_turn(site: DeployedStage) -> Execution | None:
    """The one that changes something or is the next to do so; None if nothing runs."""
    found = running(site)
    backs = (each for each in found if each.arn.rpartition(":")[2].startswith(WAY_BACK))
    back = next(backs, None)
    if back and "Turn" not in progress(site, back).state:
        return back
    return next(iter(found), None)


def recent(site: DeployedStage, count: int) -> list[Execution]:
    """Newest first."""
    states = site.client("stepfunctions")
    listed = states.list_executions(stateMachineArn=site.state_machine, maxResults=count)["executions"]
    return [described(site, execution["executionArn"]) for execution in listed[:count]]


def progress(site: DeployedStage, execution: Execution) -> Progress:
    history = site.client("stepfunctions").get_execution_history(
        executionArn=execution.arn, reverseOrder=True, maxResults=_LOOKED_AT, includeExecutionData=True
    )["events"]
    entered = (event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event)
    return Progress(state=next(entered, ""), sentence=next(_sentences(history), None))


def _listed(site: DeployedStage, status: str) -> list[Execution]:
    states = site.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=site.state_machine, statusFilter=status)
    return [described(site, execution["executionArn"]) for page in pages for execution in page["executions"]]


def described(site: DeployedStage, arn: str) -> Execution:
    found = site.client("stepfunctions").describe_execution(executionArn=arn)
    given = _json(found.get("input", ""))
    return Execution(
        arn=arn,
        package=str(given.get("ModelPackageArn", "")),
        status=found["status"],
        started=found["startDate"],
        ended=found.get("stopDate"),
        error=found.get("error"),
        cause=found.get("cause"),
    )


def _sentences(history: list[dict[str, Any]]) -> Iterator[str]:
    """Newest first; the judge's answer is an object with a verdict and a sentence, wherever it is put."""
    for event in history:
        if "stateExitedEventDetails" in event:
            yield from _judgements(_json(event["stateExitedEventDetails"].get("output", "")))


def _judgements(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "verdict" in value and isinstance(sentence := value.get("sentence"), str) and sentence:
            yield sentence
        for inner in value.values():
            yield from _judgements(inner)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
