"""Executions of the rollout's function, as far as an operator needs them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.operations.deployed_stage import DeployedStage
from slipway.rollout.steps import ALIAS, Kind, Step

_RECENT_EVENTS = 20
"""Of a history that are searched for what an execution does now."""


@dataclass(frozen=True)
class Execution:
    """`outcome` is None while it runs, and where it was lost: `status` then says how."""

    arn: str
    package: str
    kind: Kind
    status: str
    started: datetime
    ended: datetime | None
    outcome: str | None
    reason: str | None


def running(site: DeployedStage) -> list[Execution]:
    """Oldest first: they have the lock in this order, but a rollback passes what is paused."""
    listed = listed_executions(site.client("lambda"), site.rollout_function, Statuses=["RUNNING"])
    found = [described(site, each["DurableExecutionArn"]) for each in listed]
    return sorted(found, key=lambda execution: execution.started)


def first(site: DeployedStage) -> Execution | None:
    """The one that changes something or is the next to do so; None if nothing runs."""
    found = running(site)
    rollback = next((each for each in found if each.kind is Kind.ROLLBACK), None)
    if rollback and step_of(site, rollback) is not Step.LOCK:
        return rollback
    return next(iter(found), None)


def recent(site: DeployedStage, count: int) -> list[Execution]:
    """Newest first."""
    found = listed_executions(site.client("lambda"), site.rollout_function)
    newest = sorted(found, key=lambda each: each["StartTimestamp"], reverse=True)[:count]
    return [described(site, each["DurableExecutionArn"]) for each in newest]


def step_of(site: DeployedStage, execution: Execution) -> Step | None:
    """What it does now; None where it has only just begun."""
    events = site.client("lambda").get_durable_execution_history(
        DurableExecutionArn=execution.arn, ReverseOrder=True, MaxItems=_RECENT_EVENTS
    )["Events"]
    return next((Step(event["Name"]) for event in events if event.get("Name")), None)


def steps_of(site: DeployedStage, arn: str) -> list[Step]:
    """All that it has done, in order; a poll stands once for each attempt."""
    pages = site.client("lambda").get_paginator("get_durable_execution_history").paginate(DurableExecutionArn=arn)
    events = [event for page in pages for event in page["Events"]]
    return [Step(event["Name"]) for event in events if event.get("Name")]


def start(site: DeployedStage, package: str) -> str:
    """The ARN of the execution that rolls `package` out as if it had just been approved."""
    started = site.client("lambda").invoke(
        FunctionName=site.rollout_function,
        Qualifier=ALIAS,
        InvocationType="Event",
        Payload=json.dumps({"ModelPackageArn": package}).encode(),
    )
    return str(started["DurableExecutionArn"])


def described(site: DeployedStage, arn: str) -> Execution:
    found = site.client("lambda").get_durable_execution(DurableExecutionArn=arn)
    given, result = _json(found.get("InputPayload")), _json(found.get("Result"))
    kind = Kind.REJECTION if given.get("ModelApprovalStatus") == "Rejected" else Kind(given.get("Kind", Kind.APPROVAL))
    return Execution(
        arn=arn,
        package=str(given.get("ModelPackageArn", "")),
        kind=kind,
        status=found["Status"],
        started=found["StartTimestamp"],
        ended=found.get("EndTimestamp"),
        outcome=result.get("outcome"),
        reason=result.get("reason") or (found.get("Error") or {}).get("ErrorMessage"),
    )


def listed_executions(functions: Any, name: str, **wanted: Any) -> Iterator[dict[str, Any]]:
    """Of every version of a function, `functions` being a client: an execution ends with the one that it began with."""
    versions = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    for version in [each["Version"] for page in versions for each in page["Versions"]]:
        pages = functions.get_paginator("list_durable_executions_by_function").paginate(
            FunctionName=name, Qualifier=version, **wanted
        )
        for page in pages:
            yield from page["DurableExecutions"]


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
