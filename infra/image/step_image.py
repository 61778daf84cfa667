"""The container image of the steps: built in the account, so that deploying needs no Docker."""

from functools import cache
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.shared.container_image import ContainerImage
from infra.shared.policy import allow
from infra.shared.python_function import PythonFunction
from slipway.training.image import base_image, image_tag, is_pinned, require_root

_BUILD_LIMIT = cdk.Duration.minutes(14)  # below the 15 minutes that the function which waits for it may run
_UNTAGGED = cdk.Duration.days(14)
_UNDER_KEY = ecr.RepositoryEncryption.KMS
_BUILD_IMAGE = codebuild.LinuxBuildImage.STANDARD_7_0
_tag_of = cache(image_tag)  # CDK reads a folder once as well, however many use cases have it for an asset


class StepImage(Construct):
    """The image of exactly the folder's content: its tag is the content's hash.

    Attributes:
        repository: where the image lies.
        image: repository and tag; a job or model that names it must depend on the stack of this construct.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        folder: Path,
        repository_name: str,
        key: kms.IKey,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, id_)
        self._tag = _tag_of(folder)
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=repository_name,
            encryption=_UNDER_KEY,
            encryption_key=key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            # Never a tagged image, however old: it may serve, a rollback may need it, and an instance that joins the
            # fleet pulls it again. Layers that images share are stored once.
            lifecycle_rules=[ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=_UNTAGGED)],
            empty_on_delete=removal_policy == cdk.RemovalPolicy.DESTROY,
            removal_policy=removal_policy,
        )
        self.image = ContainerImage(repository=self.repository, tag=self._tag)
        base = base_image(folder)
        require_root(folder)
        project = self._project(folder, base, key)
        self._build(project)
        if removal_policy == cdk.RemovalPolicy.RETAIN and not is_pinned(base):
            # Not `Annotations.add_warning`: its stack trace names a folder that differs at each synth.
            self.node.add_metadata(
                "aws:cdk:warning",
                f"the base image {base} is a tag, which its publisher moves: name it by digest in "
                f"{folder.name}/Dockerfile, as docs/how-to/upgrade.md describes",
            )

    def _project(self, folder: Path, base: str, key: kms.IKey) -> codebuild.Project:
        # The image's tag is the source's hash too: equal content is uploaded once, whatever the files' times.
        source = s3_assets.Asset(
            self,
            "Source",
            path=str(folder),
            exclude=["__pycache__"],
            asset_hash=self._tag,
            asset_hash_type=cdk.AssetHashType.CUSTOM,
        )
        log_group = logs.LogGroup(
            self,
            "BuildLogs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        project = codebuild.Project(
            self,
            "Project",
            description="Builds the image of the pipeline steps",
            source=codebuild.Source.s3(bucket=source.bucket, path=source.s3_object_key),
            build_spec=_build_spec(),
            environment=codebuild.BuildEnvironment(
                build_image=_BUILD_IMAGE,
                compute_type=codebuild.ComputeType.SMALL,
                privileged=True,  # the Docker daemon inside the build needs it
            ),
            environment_variables={
                "REPOSITORY_URI": codebuild.BuildEnvironmentVariable(value=self.repository.repository_uri),
                "IMAGE_TAG": codebuild.BuildEnvironmentVariable(value=self._tag),
                "BASE_IMAGE": codebuild.BuildEnvironmentVariable(value=base),
            },
            encryption_key=key,
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)),
            grant_report_group_permissions=False,
            timeout=_BUILD_LIMIT,
        )
        self.repository.grant_pull_push(project)
        return project

    def _build(self, project: codebuild.Project) -> None:
        function = PythonFunction(
            self,
            "BuildFunction",
            source=Path(__file__).parent / "runtime" / "image_build",
            description="Starts the image build and waits for it",
            timeout=cdk.Duration.minutes(15),
            statements=[
                allow("codebuild:StartBuild", "codebuild:BatchGetBuilds", on=[project.project_arn]),
                allow("ecr:DescribeImages", on=[self.repository.repository_arn]),
            ],
        )
        build = cdk.CustomResource(
            self,
            "ImageBuild",
            resource_type="Custom::ImageBuild",
            service_token=function.function_arn,
            service_timeout=cdk.Duration.minutes(16),
            properties={
                "ProjectName": project.project_name,
                "ImageTag": self._tag,
                "RepositoryName": self.repository.repository_name,
                "RepositoryUri": self.repository.repository_uri,
            },
        )
        # The function and the project are of no use before their roles' policies are there.
        build.node.add_dependency(function, project)


@cache
def _build_spec() -> codebuild.BuildSpec:
    spec = {
        "version": "0.2",
        # An image with attestations is an index of images, which SageMaker cannot start.
        "env": {"variables": {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "DOCKER_BUILDKIT": "1"}},
        "phases": {
            "pre_build": {
                "commands": [
                    'aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY_URI%%/*}"'
                ]
            },
            "build": {
                "commands": [
                    'docker build --build-arg BASE_IMAGE="$BASE_IMAGE" --tag "$REPOSITORY_URI:$IMAGE_TAG" .',
                    'docker push "$REPOSITORY_URI:$IMAGE_TAG"',
                ]
            },
        },
    }
    return codebuild.BuildSpec.from_object(spec)
