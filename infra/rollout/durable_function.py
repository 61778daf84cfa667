"""Lambda durable functions of an endpoint: one package of code, an entry point and a role for each."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.rollout.runtime.orchestrator.run import RolloutTarget
from infra.shared.arns import arn
from infra.shared.policy import Statement, allow
from infra.shared.python_function import PythonFunction
from slipway.rollout.steps import ALIAS

_RUNTIME = Path(__file__).parent / "runtime" / "orchestrator"
_SDK = "aws_durable_execution_sdk_python"
_SLIPWAY = (
    "errors.py",
    "metrics.py",
    "canary",
    "experiment",
    *(f"rollout/{name}.py" for name in ("__init__", "failure_causes", "pause", "queue", "steps")),
)
_STATUS, _EXECUTION = (events.EventField.from_path(f"$.detail.{name}") for name in ("status", "durableExecutionArn"))
_MEMORY_MB = 256
_LONGEST_STEP_MINUTES = 10
"""Of one invocation, which ends at the next wait; the smoke test takes four minutes at most."""


def _without_defaults(target: RolloutTarget) -> dict[str, object]:
    """A function's variables may have 4 kB together."""
    return {field.name: value for field in fields(target) if (value := getattr(target, field.name)) != field.default}


class DurableFunction(PythonFunction):
    """Runs under an alias: an execution ends with the version that it began with, whatever is deployed meanwhile.

    Events that Lambda drops go to the target's topic, to which the `statements` must let the function publish.

    Attributes:
        alias: what starts executions; Lambda takes no durable function by its bare name.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        handler: str,
        description: str,
        target: RolloutTarget,
        longest_days: int,
        statements: Sequence[Statement],
    ) -> None:
        super().__init__(
            scope,
            id_,
            source=_RUNTIME,
            package=True,
            libraries=(_SDK,),
            slipway=_SLIPWAY,
            handler=handler,
            function_name=name,
            description=description,
            timeout=cdk.Duration.minutes(_LONGEST_STEP_MINUTES),
            memory_mb=_MEMORY_MB,
            environment={"ROLLOUT": json.dumps(_without_defaults(target), separators=(",", ":"))},
            durable_config=lambda_.DurableConfig(
                execution_timeout=cdk.Duration.days(longest_days), retention_period=cdk.Duration.days(90)
            ),
            statements=[
                allow("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState", on=[executions_of(name)]),
                *statements,
            ],
        )
        # An event that Lambda drops, throttled for hours for instance, starts nothing that could send a notice.
        described = cast("lambda_.CfnFunction", self.node.default_child)
        described.dead_letter_config = lambda_.CfnFunction.DeadLetterConfigProperty(target_arn=target.topic)
        # It is durable from the beginning, so nothing is ever replaced.
        cdk.Annotations.of(self).acknowledge_info("aws-lambda:Function.DurableConfig")
        self.alias = lambda_.Alias(self, "Live", alias_name=ALIAS, version=self.current_version)


def executions_of(function_name: str) -> str:
    """The ARNs of a function's versions, its aliases and their executions."""
    return arn("lambda", f"function:{function_name}:*")


def versions_of(function: lambda_.IFunction) -> list[str]:
    """ARNs of a function that executions call in the version that they began with, and as earlier ones called it."""
    return [function.function_arn, f"{function.function_arn}:*"]


def notify_of_lost_executions(scope: Construct, what: str, *, topic: sns.ITopic, function_name: str) -> None:
    """Make the rule `Lost`: an execution that ends without an outcome of its own has sent no notice.

    `what` begins the notice.
    """
    function = arn("lambda", f"function:{function_name}")
    events.Rule(
        scope,
        "Lost",
        description=f"{what} ended without a notice of its own",
        event_pattern=events.EventPattern(
            source=["aws.lambda"],
            detail_type=["Durable Execution Status Change"],
            detail={
                "functionArn": [function, {"prefix": f"{function}:"}],
                "status": ["FAILED", "STOPPED", "TIMED_OUT"],
            },
        ),
        targets=[
            targets.SnsTopic(
                topic,
                message=events.RuleTargetInput.from_text(f"{what} ended {_STATUS}, look now: {_EXECUTION}"),
            )
        ],
    )
