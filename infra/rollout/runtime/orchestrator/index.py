"""The entry points: a rollout for each approval and rejection, and the endpoint's schedule."""

import json
import os
import time
from dataclasses import asdict
from functools import cache
from typing import Any

import boto3
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from botocore.config import Config

from slipway.rollout.steps import Kind

from .durable import DurableSteps
from .experiment import experiment as follow_experiment
from .rollout import roll_out
from .run import RolloutRequest, RolloutTarget, Run
from .schedule import follow

_ATTEMPTS = 5
_ATTEMPTS_OF_FUNCTIONS = 2
"""The canary analysis is called at each poll: longer attempts would come too late for its alarm."""
_LONGEST_FUNCTION_SECONDS = 300


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, str]:
    """Roll out `ModelPackageArn`, or back from it, by `ModelApprovalStatus` of an event and its time `DecidedAt`.

    Returns:
        outcome, reason, by.
    """
    return asdict(roll_out(_run(context, RolloutRequest.from_event(event))))


@durable_execution
def schedule(event: dict[str, Any], context: DurableContext) -> dict[str, str]:
    """Stop or start the endpoint, by `action`.

    Returns:
        outcome, reason, by.
    """
    return asdict(follow(_run(context, RolloutRequest("", Kind.SCHEDULE)), event.get("action")))


@durable_execution
def experiment(event: dict[str, Any], context: DurableContext) -> dict[str, str]:
    """Start an experiment and follow it, or stop one, by `action`.

    Returns:
        outcome, reason, by.
    """
    return asdict(follow_experiment(_run(context, RolloutRequest("", Kind.EXPERIMENT)), event))


def _run(context: DurableContext, request: RolloutRequest) -> Run:
    target = RolloutTarget(**json.loads(os.environ["ROLLOUT"]))
    return Run(target, request, DurableSteps(context), _client, time.time)


@cache
def _client(service: str) -> Any:
    attempts = _ATTEMPTS_OF_FUNCTIONS if service == "lambda" else _ATTEMPTS
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, config=Config(retries=retries, read_timeout=_LONGEST_FUNCTION_SECONDS))
