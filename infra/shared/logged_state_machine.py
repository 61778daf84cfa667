"""State machines that keep a log of all that they did."""

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.shared.arns import PARTITION


def logged_state_machine(
    scope: Construct,
    name: str,
    definition: Mapping[str, Any],
    *,
    role: iam.IRole,
    retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
) -> sfn.StateMachine:
    """Make `Machine` and its `Logs` below `scope`."""
    group = logs.LogGroup(
        scope,
        "Logs",
        # The prefix spares the account's one log resource policy, which has a size limit.
        log_group_name=f"/aws/vendedlogs/states/{name}",
        retention=retention,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    return sfn.StateMachine(
        scope,
        "Machine",
        state_machine_name=name,
        # Not `Stack.to_json_string`: it drops the nulls, and `"ResultPath": null` means "keep the input".
        definition_body=sfn.DefinitionBody.from_string(_here(json.dumps(definition))),
        role=role,
        logs=sfn.LogOptions(destination=group, level=sfn.LogLevel.ALL, include_execution_data=True),
    )


def _here(definition: str) -> str:
    """With the service integrations of the partition that it is deployed to."""
    return definition.replace("arn:aws:states:::", f"arn:{PARTITION}:states:::")
