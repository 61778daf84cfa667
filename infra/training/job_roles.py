"""The roles of the training pipeline: one a kind of job, and the pipeline's own."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.container_image import ContainerImage, Image
from infra.shared.object_access import may_find, may_read, may_write
from infra.shared.policy import Statement, allow
from infra.shared.sagemaker_role import (
    ARTIFACT_KEYS,
    PROCESSING_JOBS,
    TRAINING_JOBS,
    SageMakerRole,
    may_encrypt_volumes,
    may_run,
    package_arns,
)
from slipway.settings import Vpc
from slipway.training.pipeline_keys import EVALUATED, PREPARED, TRAINED


class JobRoles(Construct):
    """What each kind of job may do; none may write what another kind made.

    Attributes:
        processing: reads the data and the use case, writes the splits.
        training: reads the splits, writes models and checkpoints.
        evaluation: reads all of that and the registry, writes the evaluation.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        data_bucket: s3.IBucket,
        artifacts_bucket: s3.IBucket,
        use_case: s3_assets.Asset,
        key: kms.IKey,
        image: ContainerImage,
        training_image: Image | None = None,
        package_group: str,
        vpc: Vpc | None,
    ) -> None:
        super().__init__(scope, id_)
        data, artifacts = may_find(data_bucket, "*"), may_find(artifacts_bucket, ARTIFACT_KEYS)
        process, train = (may_run(kind, image=image, key=key, vpc=vpc) for kind in (PROCESSING_JOBS, TRAINING_JOBS))
        registry = allow(
            "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", on=package_arns(package_group)
        )
        prepared, trained, evaluated = (may_write(artifacts_bucket, *keys) for keys in (PREPARED, TRAINED, EVALUATED))
        self.processing = SageMakerRole(
            self,
            "Processing",
            description="Jobs that prepare the data",
            statements=[*data, *may_find(use_case.bucket, use_case.s3_object_key), *prepared, *process],
        )
        own = training_image.may_pull()[:1] if training_image else []
        self.training = SageMakerRole(
            self, "Training", description="Training jobs", statements=[*artifacts, *trained, *train, *own]
        )
        self.evaluation = SageMakerRole(
            self,
            "Evaluation",
            description="Jobs that evaluate a candidate",
            statements=[*artifacts, *evaluated, *process, registry],
        )


class PipelineRole(SageMakerRole):
    """Starts, watches and stops the pipeline's jobs, and registers what passed the gate."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        jobs: JobRoles,
        artifacts_bucket: s3.IBucket,
        key: kms.IKey,
        served_image: Image,
        package_group: str,
        experiment: str | None,
    ) -> None:
        """`experiment` is the one that its executions are recorded in, if any."""
        passed = [role.role_arn for role in (jobs.processing, jobs.training, jobs.evaluation)]
        super().__init__(
            scope,
            id_,
            description="The training pipeline itself",
            statements=[
                *_may_run_jobs(),
                *([_may_record(experiment)] if experiment else []),
                allow(
                    "sagemaker:DescribeModelPackageGroup",
                    "sagemaker:CreateModelPackage",
                    "sagemaker:DescribeModelPackage",
                    "sagemaker:AddTags",
                    on=package_arns(package_group),
                ),
                allow(
                    "iam:PassRole",
                    on=passed,
                    conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                ),
                *may_read(artifacts_bucket, ARTIFACT_KEYS),  # conditions read the evaluation
                served_image.may_describe(),
                *may_encrypt_volumes(key),
            ],
        )


def _may_run_jobs() -> list[Statement]:
    """Tuning jobs are named after the execution, the others begin with SageMaker's prefix."""
    tuning = "hyper-parameter-tuning-job/*"
    kinds = {
        "ProcessingJob": "processing-job/pipelines-*",
        "TrainingJob": "training-job/pipelines-*",
        "HyperParameterTuningJob": tuning,
    }
    # Isolated containers have no credentials: SageMaker writes a training job's output for it, to where the job's
    # request says. Training code could otherwise write another job's model with the role's rights.
    isolated = {"Bool": {"sagemaker:NetworkIsolation": "true"}}
    return [
        *(
            allow(
                f"sagemaker:Create{api}",
                on=[arn("sagemaker", jobs)],
                conditions=None if api == "ProcessingJob" else isolated,
            )
            for api, jobs in kinds.items()
        ),
        *(
            allow(f"sagemaker:Describe{api}", f"sagemaker:Stop{api}", "sagemaker:AddTags", on=[arn("sagemaker", jobs)])
            for api, jobs in kinds.items()
        ),
        # The best of a tuning job's models is found in its list.
        allow("sagemaker:ListTrainingJobsForHyperParameterTuningJob", on=[arn("sagemaker", tuning)]),
    ]


def _may_record(experiment: str) -> Statement:
    """A trial is named after its execution, a component after its job: neither has a prefix of the use case.

    Which of these calls SageMaker makes for an execution, and which for its jobs, is not documented.
    """
    kinds = (f"experiment/{experiment}", "experiment-trial/*", "experiment-trial-component/*")
    resources = ("Experiment", "Trial", "TrialComponent")
    return allow(
        *(f"sagemaker:{verb}{resource}" for resource in resources for verb in ("Create", "Describe")),
        "sagemaker:AssociateTrialComponent",
        "sagemaker:UpdateTrialComponent",
        "sagemaker:AddTags",
        on=[arn("sagemaker", kind) for kind in kinds],
    )
