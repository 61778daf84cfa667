"""The role of the servers that a replay is sent to, where they are the user's own, and what starting them takes."""

from typing import Any, Self

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.container_image import ContainerImage, EcrImage
from infra.shared.object_access import may_read
from infra.shared.policy import Statement, allow
from infra.shared.sagemaker_role import ARTIFACT_KEYS, SageMakerRole, may_encrypt_volumes, may_log, may_publish
from infra.shared.vpc_access import may_join
from slipway.settings import Settings
from slipway.settings.local_storage import volume_key
from slipway.settings.names import COST_TAG
from slipway.training.replay_job import gate_job_prefix


class ReplayServersRole(SageMakerRole):
    """Reads models and pulls the images of champion and candidate: before the first rollout of an own server, ours.

    Attributes:
        settings: what the rollout starts them with.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        images: tuple[EcrImage, ContainerImage],
    ) -> None:
        vpc, endpoint = settings.access.vpc, settings.endpoint
        own, ours = images
        super().__init__(
            scope,
            id_,
            description="Servers that a candidate's replay is sent to",
            statements=[
                *may_read(artifacts_bucket, ARTIFACT_KEYS),
                *own.may_pull(),
                *ours.may_pull()[:1],
                may_log(f"/aws/sagemaker/Endpoints/{gate_job_prefix(settings.names)}-*"),
                may_publish("/aws/sagemaker/Endpoints"),
                *may_encrypt_volumes(key),
                *may_join(vpc),
            ],
        )
        self._key = key
        keyed = volume_key(endpoint.instance_type, key.key_arn)
        self.settings: dict[str, Any] = {
            "role_arn": self.role_arn,
            "instance_type": endpoint.instance_type,
            "volume_key": {"KmsKeyId": keyed["VolumeKmsKeyId"]} if keyed else {},
            "vpc_config": vpc.request() if vpc else None,
            "tags": [{"Key": COST_TAG, "Value": settings.names.prefix}],
        }

    @classmethod
    def of(
        cls,
        scope: Construct,
        settings: Settings,
        *,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
    ) -> Self | None:
        """None where Slipway's server serves: the gates' job starts that itself."""
        if settings.endpoint.image is None:
            return None
        images = EcrImage(settings.endpoint.image), image
        return cls(scope, "Servers", settings=settings, key=key, artifacts_bucket=artifacts_bucket, images=images)

    def may_start(self, prefix: str) -> list[Statement]:
        """Make and delete endpoints whose names begin with `prefix`, under this role, and all that is theirs."""
        named = {kind: arn("sagemaker", f"{kind}/{prefix}-*") for kind in ("model", "endpoint-config", "endpoint")}
        to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        return [
            allow(
                "sagemaker:CreateModel",
                "sagemaker:DeleteModel",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:DeleteEndpointConfig",
                "sagemaker:CreateEndpoint",
                "sagemaker:DescribeEndpoint",
                "sagemaker:DeleteEndpoint",
                "sagemaker:AddTags",
                on=list(named.values()),
            ),
            allow("iam:PassRole", on=[self.role_arn], conditions=to_sagemaker),
        ]
