"""Executions of the rollout function, as far as an operator needs them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.operations.deployed_stage import DeployedStage
from slipway.rollout.steps import ALIAS, Kind, RolloutStep

_NAMES = frozenset(RolloutStep)
_RECENT_EVENTS = 20
"""Events of a history that are searched for the current step."""


@dataclass(frozen=True)
class Execution:
    """`outcome` is None while it runs, and if it failed or was stopped: then `status` has which."""

    arn: str
    package: str
    kind: Kind
    status: str
    started: datetime
    ended: datetime | None
    outcome: str | None
    reason: str | None


def running(stage: DeployedStage) -> list[Execution]:
    """Oldest first: they get the lock in this order, but a rollback passes a rollout that is paused."""
    listed = listed_executions(stage.client("lambda"), stage.rollout_function, Statuses=["RUNNING"])
    found = [describe(stage, each["DurableExecutionArn"]) for each in listed]
    return sorted(found, key=lambda execution: execution.started)


def current(stage: DeployedStage) -> Execution | None:
    """The one that changes something or is the next to do so; None if nothing runs."""
    found = running(stage)
    rollback = next((each for each in found if each.kind is Kind.ROLLBACK), None)
    if rollback and step_of(stage, rollback) is not RolloutStep.LOCK:
        return rollback
    return next(iter(found), None)


def recent(stage: DeployedStage, count: int) -> list[Execution]:
    """Newest first."""
    found = listed_executions(stage.client("lambda"), stage.rollout_function)
    newest = sorted(found, key=lambda each: each["StartTimestamp"], reverse=True)[:count]
    return [describe(stage, each["DurableExecutionArn"]) for each in newest]


def step_of(stage: DeployedStage, execution: Execution) -> RolloutStep | None:
    """Its current step; None if it has only just begun."""
    events = stage.client("lambda").get_durable_execution_history(
        DurableExecutionArn=execution.arn, ReverseOrder=True, MaxItems=_RECENT_EVENTS
    )["Events"]
    return next(_steps(events), None)


def steps_of(stage: DeployedStage, arn: str) -> list[RolloutStep]:
    """All of its steps in order; a poll is in the list once for each attempt."""
    pages = stage.client("lambda").get_paginator("get_durable_execution_history").paginate(DurableExecutionArn=arn)
    events = [event for page in pages for event in page["Events"]]
    return list(_steps(events))


def start(stage: DeployedStage, package: str) -> str:
    """Start the rollout of `package` as if it had just been approved; returns the ARN of the execution."""
    started = stage.client("lambda").invoke(
        FunctionName=stage.rollout_function,
        Qualifier=ALIAS,
        InvocationType="Event",
        Payload=json.dumps({"ModelPackageArn": package}).encode(),
    )
    return str(started["DurableExecutionArn"])


def describe(stage: DeployedStage, arn: str) -> Execution:
    found = stage.client("lambda").get_durable_execution(DurableExecutionArn=arn)
    given, result = _json(found.get("InputPayload")), _json(found.get("Result"))
    return Execution(
        arn=arn,
        package=str(given.get("ModelPackageArn", "")),
        kind=Kind.of(given),
        status=found["Status"],
        started=found["StartTimestamp"],
        ended=found.get("EndTimestamp"),
        outcome=result.get("outcome"),
        reason=result.get("reason") or (found.get("Error") or {}).get("ErrorMessage"),
    )


def listed_executions(functions: Any, name: str, **wanted: Any) -> Iterator[dict[str, Any]]:
    """Of every version of the function: an execution stays with the version that it began with."""
    versions = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    for version in [each["Version"] for page in versions for each in page["Versions"]]:
        pages = functions.get_paginator("list_durable_executions_by_function").paginate(
            FunctionName=name, Qualifier=version, **wanted
        )
        for page in pages:
            yield from page["DurableExecutions"]


def _steps(events: Iterable[dict[str, Any]]) -> Iterator[RolloutStep]:
    """Other names are left out: an execution of an earlier version has steps of its own, an execution has a name."""
    return (RolloutStep(event["Name"]) for event in events if event.get("Name") in _NAMES)


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
