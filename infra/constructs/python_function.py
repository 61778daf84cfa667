"""A Lambda function in Python with a role that may write its own log and nothing else."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

_PROJECT = Path(__file__).resolve().parents[2]
_FUNCTIONS = _PROJECT / "infra" / "functions"
_CACHES = "__pycache__"


class PythonFunction(lambda_.Function):
    """Runs `handler` of `infra/functions/<folder>/index.py`; boto3 comes with the runtime.

    `blueprint` names what of that package the handler imports, as paths in it (`audit.py`, `verdicts`).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        folder: str,
        description: str,
        timeout: cdk.Duration,
        memory_mb: int = 256,
        blueprint: Sequence[str] = (),
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
        with TemporaryDirectory() as bundle:
            super().__init__(
                scope,
                id_,
                code=lambda_.Code.from_asset(
                    str(_bundle(folder, blueprint, Path(bundle)) if blueprint else _FUNCTIONS / folder),
                    exclude=[_CACHES, f"**/{_CACHES}"],
                ),
                handler="index.handler",
                runtime=lambda_.Runtime.PYTHON_3_13,
                architecture=lambda_.Architecture.ARM_64,
                description=description,
                timeout=timeout,
                memory_size=memory_mb,
                role=role,
                log_group=log_group,
            )


def _bundle(folder: str, blueprint: Sequence[str], bundle: Path) -> Path:
    """Put the function's code and the modules that come along in `bundle`, which may go as soon as they are staged."""
    shutil.copytree(_FUNCTIONS / folder, bundle, dirs_exist_ok=True)
    for name in ("__init__.py", *blueprint):
        source, target = _PROJECT / "blueprint" / name, bundle / "blueprint" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    return bundle
