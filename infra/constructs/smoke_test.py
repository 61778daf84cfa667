"""The function that invokes the endpoint after a rollout, and after a deployment."""

from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.names import Names
from infra.constructs.arns import arn
from infra.constructs.job_roles import ARTIFACT_KEYS
from infra.constructs.object_access import may_read
from infra.constructs.once import minutes
from infra.constructs.policy import allow
from infra.constructs.python_function import PythonFunction


class SmokeTest(PythonFunction):
    """Reads a model's contract and invokes one endpoint; nothing else."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, artifacts_bucket: s3.IBucket) -> None:
        super().__init__(
            scope,
            id_,
            folder="smoke_test",
            function_name=names.smoke_test,
            description=f"Invokes {names.endpoint} with a row made from the model's contract",
            timeout=minutes(4),
            memory_mb=512,  # the artifact is read in memory
            statements=[
                *may_read(artifacts_bucket, ARTIFACT_KEYS),
                allow("sagemaker:InvokeEndpoint", on=[arn("sagemaker", f"endpoint/{names.endpoint}")]),
            ],
        )
