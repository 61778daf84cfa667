"""Experiments on the endpoint: start one, stop it, and read what it has shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.experiment.expected_end import ExpectedEnd, expected_end
from slipway.experiment.poll import REPORT_NAME
from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_endpoint import traffic_shares
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.executions import listed_executions
from slipway.operations.model_registry import APPROVED, package
from slipway.operations.pausing import PauseParameter
from slipway.operations.s3_documents import read_json
from slipway.rollout.pause import GO
from slipway.rollout.steps import ALIAS
from slipway.settings.names import Names

_OUTPUT, _RUNNING = "ExperimentFunctionName", "RUNNING"


@dataclass(frozen=True)
class ExperimentStatus:
    """Of the newest experiment."""

    execution: str | None
    status: str
    outcome: str | None = None
    reason: str | None = None
    report: dict[str, Any] | None = None
    """What it has shown; None before its first poll."""
    shares: dict[str, float] = field(default_factory=dict)
    """Of the requests, by variant, as the endpoint has them now; the champion's is the first."""
    end: ExpectedEnd | None = None
    """When it is decided; None where it does not run, and before its first poll."""
    is_paused: bool = False
    """It runs, and `slipway rollout pause` keeps the weights as they are and lets nothing be decided."""


def start(stage: DeployedStage, recorder: Recorder, references: Sequence[str], *, reason: str) -> str:
    """Start an experiment of the live model with the packages `references`, or with the newest approved ones.

    Returns:
        The ARN of the execution, which may still find that it cannot begin.

    Raises:
        RefusedError: the use case has no [experiment], one is under way, rollouts are paused, or a package is not
            approved.
    """
    function, experiment = _function(stage), stage.settings.experiment
    if PauseParameter.of(stage).read() != GO:
        raise RefusedError(
            f"rollouts of {stage.names.endpoint} are paused, and no experiment begins: `slipway rollout resume` ends "
            "the pause"
        )
    if any(_is_start(stage, each) for each in _running(stage, function)):
        raise RefusedError("an experiment is under way; `slipway experiment stop` ends it")
    if experiment and len(references) > experiment.challengers:
        raise RefusedError(
            f"--package must be given at most experiment.challengers times, {experiment.challengers}, "
            f"got {len(references)}"
        )
    packages = [package(stage, stage.package_arn(reference)) for reference in references]
    for each in packages:
        if each.approval != APPROVED:
            raise RefusedError(f"version {each.version} must be approved to be a challenger, got {each.approval}")
    payload = {"action": "start", "packages": [each.arn for each in packages]}
    with recorder.act("start experiment", stage.names.endpoint, reason=reason, packages=payload["packages"]) as outcome:
        outcome["execution"] = _invoke(stage, function, payload)
        return str(outcome["execution"])


def stop(stage: DeployedStage, recorder: Recorder, *, reason: str) -> str:
    """End the experiment, with the champion as the one model; returns the ARN of the execution that does it."""
    function = _function(stage)
    with recorder.act("stop experiment", stage.names.endpoint, reason=reason) as outcome:
        outcome["execution"] = _invoke(stage, function, {"action": "stop", "reason": reason})
        return str(outcome["execution"])


def status(stage: DeployedStage) -> ExperimentStatus:
    """Of the newest experiment."""
    return _status(stage, _function(stage))


def under_way(stage: DeployedStage) -> ExperimentStatus | None:
    """The one that runs, or whose challengers are still there; None where there is none, or none is deployed."""
    deployed = stage.stack("rollout") or {}
    outputs = {each["OutputKey"]: str(each["OutputValue"]) for each in deployed.get("Outputs", ())}
    if _OUTPUT not in outputs:
        return None
    found = _status(stage, outputs[_OUTPUT])
    return found if found.status == _RUNNING or len(found.shares) > 1 else None


def _status(stage: DeployedStage, function: str) -> ExperimentStatus:
    functions = stage.client("lambda")
    found = sorted(listed_executions(functions, function), key=lambda each: each["StartTimestamp"], reverse=True)
    shares = traffic_shares(stage)
    newest = next(
        (each["DurableExecutionArn"] for each in found if _is_start(stage, each["DurableExecutionArn"])), None
    )
    if newest is None:
        return ExperimentStatus(None, "none", shares=shares)
    described = functions.get_durable_execution(DurableExecutionArn=newest)
    result = json.loads(described.get("Result") or "{}")
    reason = result.get("reason") or (described.get("Error") or {}).get("ErrorMessage")
    report = read_report(stage.client("s3"), stage.artifacts_bucket, stage.names)
    if report and report["begun"] < described["StartTimestamp"].timestamp():
        report = None  # of the one before
    settings, runs = stage.settings.experiment, described["Status"] == _RUNNING
    return ExperimentStatus(
        execution=newest,
        status=described["Status"],
        outcome=result.get("outcome"),
        reason=reason,
        report=report,
        shares=shares,
        end=expected_end(report, max_days=settings.max_days) if report and settings and runs else None,
        is_paused=runs and PauseParameter.of(stage).read() != GO,
    )


def _function(stage: DeployedStage) -> str:
    if stage.settings.experiment is None:
        raise RefusedError(f"{stage.names.prefix} has no experiments: write [experiment] and deploy it")
    return stage.output("rollout", _OUTPUT)


def _running(stage: DeployedStage, function: str) -> list[str]:
    listed = listed_executions(stage.client("lambda"), function, Statuses=[_RUNNING])
    return [each["DurableExecutionArn"] for each in listed]


def _is_start(stage: DeployedStage, execution: str) -> bool:
    given = stage.client("lambda").get_durable_execution(DurableExecutionArn=execution).get("InputPayload") or "{}"
    return bool(json.loads(given).get("action") == "start")


def _invoke(stage: DeployedStage, function: str, payload: dict[str, Any]) -> str:
    started = stage.client("lambda").invoke(
        FunctionName=function, Qualifier=ALIAS, InvocationType="Event", Payload=json.dumps(payload).encode()
    )
    return str(started["DurableExecutionArn"])


def read_report(s3: Any, bucket: str, names: Names) -> dict[str, Any] | None:
    """What the newest experiment has shown; None before its first poll."""
    found: dict[str, Any] | None = read_json(s3, bucket, f"{names.experiment_prefix}{REPORT_NAME}")
    return found
