"""Experiments on the endpoint: start one, stop it, and read what it has shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.experiment.poll import REPORT_NAME
from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError, code_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.executions import listed_executions
from slipway.operations.model_registry import APPROVED, package
from slipway.rollout.steps import ALIAS
from slipway.settings.names import Names


@dataclass(frozen=True)
class ExperimentStatus:
    """`report` is what the newest experiment has shown; None before its first poll."""

    execution: str | None
    status: str
    outcome: str | None
    reason: str | None
    report: dict[str, Any] | None


def start(stage: DeployedStage, recorder: Recorder, references: Sequence[str], *, reason: str) -> str:
    """Start an experiment of the live model with the packages `references`, or with the newest approved ones.

    Returns:
        The ARN of the execution, which may still find that it cannot begin.

    Raises:
        RefusedError: the use case has no [experiment], one is under way, or a package is not approved.
    """
    function, experiment = _function(stage), stage.settings.experiment
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
    function, functions = _function(stage), stage.client("lambda")
    report = read_report(stage.client("s3"), stage.artifacts_bucket, stage.names)
    found = sorted(listed_executions(functions, function), key=lambda each: each["StartTimestamp"], reverse=True)
    newest = next(
        (each["DurableExecutionArn"] for each in found if _is_start(stage, each["DurableExecutionArn"])), None
    )
    if newest is None:
        return ExperimentStatus(None, "none", None, None, report)
    described = functions.get_durable_execution(DurableExecutionArn=newest)
    result = json.loads(described.get("Result") or "{}")
    reason = result.get("reason") or (described.get("Error") or {}).get("ErrorMessage")
    return ExperimentStatus(newest, described["Status"], result.get("outcome"), reason, report)


def _function(stage: DeployedStage) -> str:
    if stage.settings.experiment is None:
        raise RefusedError(f"{stage.names.prefix} has no experiments: write [experiment] and deploy it")
    return stage.output("rollout", "ExperimentFunctionName")


def _running(stage: DeployedStage, function: str) -> list[str]:
    listed = listed_executions(stage.client("lambda"), function, Statuses=["RUNNING"])
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
    try:
        body = s3.get_object(Bucket=bucket, Key=f"{names.experiment_prefix}{REPORT_NAME}")["Body"].read()
    except ClientError as exc:
        if code_of(exc) != "NoSuchKey":
            raise
        return None
    found: dict[str, Any] = json.loads(body)
    return found
