"""The function that invokes the endpoint after a rollout, and after a deployment."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.object_access import may_read
from infra.shared.policy import allow
from infra.shared.python_function import PythonFunction
from infra.shared.sagemaker_role import ARTIFACT_KEYS
from slipway.rollout.own_server import OwnServer
from slipway.settings.names import Names


class SmokeTest(PythonFunction):
    """Reads a model's contract and invokes one endpoint; nothing else."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, artifacts_bucket: s3.IBucket, server: OwnServer | None = None
    ) -> None:
        super().__init__(
            scope,
            id_,
            source=Path(__file__).parent / "runtime" / "smoke_test",
            slipway=("rollout/__init__.py", "rollout/own_server.py"),
            environment={"OWN_SERVER": server.to_json()} if server else None,
            function_name=names.smoke_test,
            description=f"Invokes {names.endpoint} with a row made from the model's contract",
            timeout=cdk.Duration.minutes(4),
            memory_mb=512,  # the artifact is read in memory
            statements=[
                *may_read(artifacts_bucket, ARTIFACT_KEYS),
                allow("sagemaker:InvokeEndpoint", on=[arn("sagemaker", f"endpoint/{names.endpoint}")]),
            ],
        )
