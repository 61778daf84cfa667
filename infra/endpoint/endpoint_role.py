"""What the model's containers may do, and SageMaker on behalf of the endpoint."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.endpoint.capacity import DataCapture
from infra.endpoint.inference_queue import InferenceQueue
from infra.endpoint.served_model import ContainerModel, RegisteredModel
from infra.shared.approval import may_not_approve, may_not_register_approved
from infra.shared.arns import arn
from infra.shared.policy import allow
from infra.shared.sagemaker_role import SAGEMAKER, may_encrypt_volumes, may_log, may_publish
from infra.shared.vpc_access import VpcPlacement, may_join
from slipway.settings import Vpc


class EndpointRole(iam.Role):
    """Reads the model, writes captures or responses, logs and metrics; CDK's grants may add to it."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        endpoint_name: str,
        model: RegisteredModel | ContainerModel,
        capture: DataCapture | None,
        queue: InferenceQueue | None,
        volume_key: kms.IKey | None,
        vpc: Vpc | VpcPlacement | None,
    ) -> None:
        super().__init__(
            scope,
            id_,
            assumed_by=SAGEMAKER,
            description="The model's containers, and SageMaker on their behalf",
        )
        for statement in (
            may_not_approve(),
            may_not_register_approved(),
            *model.may_read_data(),
            *(capture.may_write() if capture else ()),
            *(queue.statements() if queue else ()),
            *model.may_pull(),
            may_log(f"/aws/sagemaker/Endpoints/{endpoint_name}"),
            may_publish("/aws/sagemaker/Endpoints"),
            *(may_encrypt_volumes(volume_key) if volume_key else ()),
            *may_join(vpc),
            # SageMaker reads the rollback alarms with this role. Their names begin with the config's, not known yet.
            allow("cloudwatch:DescribeAlarms", on=[arn("cloudwatch", "alarm:*")]),
        ):
            self.add_to_policy(iam.PolicyStatement.from_json(statement))
