"""What the model's containers may do, and SageMaker on behalf of the endpoint."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.container_image import ContainerImage
from infra.shared.object_access import may_read, may_write
from infra.shared.policy import allow
from infra.shared.sagemaker_role import ARTIFACT_KEYS, SageMakerRole, may_encrypt_volumes, may_log, may_publish
from infra.shared.vpc_access import may_join
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX
from slipway.settings import Vpc


class EndpointRole(SageMakerRole):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        endpoint_name: str,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
        vpc: Vpc | None,
    ) -> None:
        super().__init__(
            scope,
            id_,
            description="The model's containers, and SageMaker on their behalf",
            statements=[
                *may_read(artifacts_bucket, ARTIFACT_KEYS),
                *may_write(artifacts_bucket, f"{CAPTURE_PREFIX}/*"),
                *image.may_pull(),
                may_log(f"/aws/sagemaker/Endpoints/{endpoint_name}"),
                may_publish("/aws/sagemaker/Endpoints"),
                *may_encrypt_volumes(key),
                *may_join(vpc),
                # Guardrails look at the alarms with this role. Their names begin with the config's: nobody knows it.
                allow("cloudwatch:DescribeAlarms", on=[arn("cloudwatch", "alarm:*")]),
            ],
        )
