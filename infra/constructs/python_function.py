"""A Lambda function in Python with a role that may write its own log and nothing else."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

_FUNCTIONS = Path(__file__).resolve().parent.parent / "functions"


class PythonFunction(lambda_.Function):
    """Runs `handler` of `infra/functions/<folder>/index.py`; boto3 comes with the runtime."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        folder: str,
        description: str,
        timeout: cdk.Duration,
        memory_mb: int = 256,
    ) -> None:
        log_group = logs.LogGroup(
            scope,
            f"{id_}Logs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        # Without a role of ours CDK would attach a managed policy that may write every log group.
        role = iam.Role(scope, f"{id_}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        super().__init__(
            scope,
            id_,
            code=lambda_.Code.from_asset(str(_FUNCTIONS / folder), exclude=["__pycache__"]),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            description=description,
            timeout=timeout,
            memory_size=memory_mb,
            role=role,
            log_group=log_group,
        )
