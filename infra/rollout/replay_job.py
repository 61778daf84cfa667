"""The job that decides on a candidate before its rollout, its role, and what starting it takes."""

from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.rollout.replay_servers import ReplayServersRole
from infra.shared.arns import arn
from infra.shared.container_image import ContainerImage
from infra.shared.object_access import may_find, may_write
from infra.shared.policy import Statement, allow
from infra.shared.sagemaker_role import (
    ARTIFACT_KEYS,
    PROCESSING_JOBS,
    SageMakerRole,
    may_run,
    may_start_processing_jobs,
)
from slipway.canary.observation.object_prefixes import CHAMPION_VERSION, capture_folder
from slipway.rollout.server_of_settings import captures_apart
from slipway.settings import Settings
from slipway.settings.local_storage import volume_key
from slipway.settings.names import COST_TAG, VARIANT
from slipway.training.registration import GATE_PROPERTIES
from slipway.training.replay_job import gate_job_prefix, replay_arguments


class ReplayJob(Construct):
    """Reads models and the endpoint's captured requests, writes one decision a candidate.

    Attributes:
        role: what the job may do.
        job: what the rollout starts it with.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
    ) -> None:
        super().__init__(scope, id_)
        self._key = key
        names = settings.names
        apart = captures_apart(settings.endpoint, settings.rollout)
        captures = capture_folder(names.endpoint, VARIANT, CHAMPION_VERSION if apart else "")
        decisions = f"replay/{names.endpoint}"
        self.role = SageMakerRole(
            self,
            "Role",
            description="Jobs that decide on a candidate before its rollout",
            statements=[
                *may_find(artifacts_bucket, ARTIFACT_KEYS, f"{captures.replace(CHAMPION_VERSION, '*')}*"),
                *may_write(artifacts_bucket, f"{decisions}/*"),
                *may_run(PROCESSING_JOBS, image=image, key=key, vpc=settings.access.vpc),
                *_may_invoke_servers(settings),
            ],
        )
        bucket_uri = f"s3://{artifacts_bucket.bucket_name}"
        self._servers = ReplayServersRole.of(self, settings, key=key, artifacts_bucket=artifacts_bucket, image=image)
        self.job: dict[str, Any] = {
            "name_prefix": gate_job_prefix(names),
            "image_uri": image.uri,
            "arguments": replay_arguments(settings, captures=f"{bucket_uri}/{captures}"),
            "role_arn": self.role.role_arn,
            "kms_key_arn": key.key_arn,
            "cluster": _cluster(settings.training.processing_instance_type, key),
            "output_uri": f"{bucket_uri}/{decisions}",
            "tags": [{"Key": COST_TAG, "Value": names.prefix}],
            "max_runtime_seconds": 3600,
            "vpc_config": settings.access.vpc.request() if settings.access.vpc else None,
            "properties": GATE_PROPERTIES,
            "servers": self._servers.settings if self._servers else None,
        }

    def may_start(self) -> list[Statement]:
        """Start and watch such jobs, and hand them this role; SageMaker alone takes it."""
        prefix = self.job["name_prefix"]
        return [
            *(self._servers.may_start(prefix) if self._servers else ()),
            *may_start_processing_jobs(prefix, role=self.role, key=self._key),
            allow("sagemaker:DescribeProcessingJob", on=[arn("sagemaker", f"processing-job/{prefix}-*")]),
        ]


def _may_invoke_servers(settings: Settings) -> list[Statement]:
    if settings.endpoint.image is None:
        return []
    return [allow("sagemaker:InvokeEndpoint", on=[arn("sagemaker", f"endpoint/{gate_job_prefix(settings.names)}-*")])]


def _cluster(instance_type: str, key: kms.IKey) -> dict[str, Any]:
    return {
        "InstanceCount": 1,
        "InstanceType": instance_type,
        "VolumeSizeInGB": 30,
        **volume_key(instance_type, key.key_arn),
    }
