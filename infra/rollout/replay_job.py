"""The job that judges a candidate before a rollout, its role, and who may start it."""

from functools import partial

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.rollout.gates import GateJob, gate_states
from infra.rollout.states import States
from infra.shared.arns import arn
from infra.shared.container_image import ContainerImage
from infra.shared.object_access import may_find, may_write
from infra.shared.policy import grant
from infra.shared.sagemaker_role import ARTIFACT_KEYS, SageMakerRole, may_encrypt_volumes, may_log, may_publish
from infra.shared.vpc_access import may_join
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX
from slipway.settings import Settings
from slipway.settings.names import VARIANT
from slipway.training.replay_job import gate_job_prefix, replay_arguments


class ReplayJob(Construct):
    """Reads models and the endpoint's captured requests, writes one verdict a candidate.

    Attributes:
        role: what the job may do.
        job: what the rollout's states are written from.
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
        names = settings.names
        self._key = key
        captures = f"{CAPTURE_PREFIX}/{names.endpoint}/{VARIANT}/"
        verdicts = f"replay/{names.endpoint}"
        self.role = SageMakerRole(
            self,
            "Role",
            description="Jobs that judge a candidate before its rollout",
            statements=[
                *may_find(artifacts_bucket, ARTIFACT_KEYS, f"{captures}*"),
                *may_write(artifacts_bucket, f"{verdicts}/*"),
                *image.may_pull(),
                *may_encrypt_volumes(key),
                *may_join(settings.access.vpc),
                may_log("/aws/sagemaker/ProcessingJobs"),
                may_publish("/aws/sagemaker/ProcessingJobs"),
            ],
        )
        self.job = GateJob(
            name_prefix=gate_job_prefix(names),
            image_uri=image.uri,
            arguments=replay_arguments(settings, captures=f"s3://{artifacts_bucket.bucket_name}/{captures}"),
            role_arn=self.role.role_arn,
            kms_key_arn=key.key_arn,
            instance_type=settings.training.processing_instance_type,
            output_uri=f"s3://{artifacts_bucket.bucket_name}/{verdicts}",
            cost_tag=names.prefix,
            vpc_config=settings.access.vpc.request() if settings.access.vpc else None,
        )

    def states(self, then: str, refused: str) -> States:
        """The gates' states; the first is `GATES`."""
        return gate_states(job=self.job, then=then, refused=refused)

    def grant_start(self, role: iam.Role) -> None:
        """Let `role` start and watch such jobs, and hand them this role; SageMaker alone takes it."""
        jobs = arn("sagemaker", f"processing-job/{self.job.name_prefix}-*")
        allow, key_arn = partial(grant, role), self._key.key_arn
        allow("sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob", "sagemaker:AddTags", on=[jobs])
        allow(
            "iam:PassRole",
            on=[self.role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        # SageMaker encrypts the job's volume on behalf of who starts it
        allow("kms:DescribeKey", on=[key_arn])
        allow("kms:CreateGrant", on=[key_arn], conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}})
