"""What the model's containers may do, and SageMaker on behalf of the endpoint."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.settings import Vpc
from infra.constructs.job_roles import ARTIFACT_KEYS, SageMakerRole, allow_encrypted_volumes
from infra.constructs.object_access import may_read, may_write
from infra.constructs.step_image import StepImage
from infra.constructs.vpc_access import may_join

CAPTURE_KEYS = "capture"
"""Where in the artifacts bucket captured requests go."""


class EndpointRole(SageMakerRole):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        endpoint_name: str,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: StepImage,
        vpc: Vpc | None,
    ) -> None:
        super().__init__(scope, id_, description="The model's containers, and SageMaker on their behalf")
        may_read(self, artifacts_bucket, ARTIFACT_KEYS)
        may_write(self, artifacts_bucket, f"{CAPTURE_KEYS}/*")
        image.grant_pull(self)
        self.allow_logs(f"/aws/sagemaker/Endpoints/{endpoint_name}")
        self.allow_metrics("/aws/sagemaker/Endpoints")
        allow_encrypted_volumes(self, key)
        may_join(self, vpc)
        # Guardrails look at the alarms with this role. Their names begin with the config's, which nobody knows yet.
        self.allow(
            "cloudwatch:DescribeAlarms",
            on=[
                cdk.Stack.of(self).format_arn(
                    service="cloudwatch",
                    resource="alarm",
                    resource_name="*",
                    arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
        )
