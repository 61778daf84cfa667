"""The function that invokes the endpoint after a rollout, and after a deployment."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.object_access import may_find, may_read, may_write
from infra.shared.policy import Statement, allow
from infra.shared.python_function import PythonFunction
from infra.shared.sagemaker_role import ARTIFACT_KEYS
from slipway.endpoint_kinds.asynchronous import FAILURE_PREFIX, INPUT_PREFIX, OUTPUT_PREFIX
from slipway.rollout.server_of_settings import own_server
from slipway.settings import Settings


class SmokeTest(PythonFunction):
    """Reads a model's contract and invokes one endpoint; nothing else."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, artifacts_bucket: s3.IBucket) -> None:
        names, server, kind = settings.names, own_server(settings.endpoint), settings.endpoint.facts
        environment = {"OWN_SERVER": server.to_json()} if server else {}
        if kind.waits:
            environment["REQUESTS"] = f"s3://{artifacts_bucket.bucket_name}/{INPUT_PREFIX}"
        super().__init__(
            scope,
            id_,
            source=Path(__file__).parent / "runtime" / "smoke_test",
            slipway=("rollout/__init__.py", "rollout/own_server.py", "rollout/smoke_request.py"),
            environment=environment or None,
            function_name=names.smoke_test,
            description=f"Invokes {names.endpoint} with a row made from the model's contract",
            timeout=cdk.Duration.minutes(4),
            memory_mb=512,  # the artifact is read in memory
            statements=[
                *may_read(artifacts_bucket, ARTIFACT_KEYS),
                *(_may_queue(artifacts_bucket) if kind.waits else ()),
                allow(kind.invocation, on=[arn("sagemaker", f"endpoint/{names.endpoint}")]),
            ],
        )


def _may_queue(artifacts_bucket: s3.IBucket) -> list[Statement]:
    """Put requests, and find what came of them: S3 reports a missing object only to a role that may list the bucket."""
    return [
        *may_write(artifacts_bucket, f"{INPUT_PREFIX}/smoke-test/*"),
        *may_find(artifacts_bucket, f"{OUTPUT_PREFIX}/*", f"{FAILURE_PREFIX}/*"),
    ]
