"""The builds of the delivery pipeline: every tool is the one the project pins."""

from collections.abc import Collection, Sequence
from pathlib import Path

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines

from blueprint.errors import InputError
from blueprint.settings import Delivery, DeliveryStage
from infra.constructs.policy import Statement

ASSEMBLIES = "assemblies"
_VERSIONS = {"phases": {"install": {"runtime-versions": {"python": "3.11", "nodejs": "22"}}}}
_ENVIRONMENT = codebuild.BuildEnvironment(
    build_image=codebuild.LinuxBuildImage.STANDARD_7_0, compute_type=codebuild.ComputeType.MEDIUM
)


def source_of(delivery: Delivery) -> pipelines.CodePipelineSource:
    """The repository's branch; each push starts the pipeline.

    Raises:
        InputError: there is no connection to fetch it by.
    """
    if delivery.connection_arn is None:
        raise InputError("connection_arn must be given for a delivery by CodePipeline, got none")
    return pipelines.CodePipelineSource.connection(
        delivery.repository, delivery.branch, connection_arn=delivery.connection_arn
    )


def synth_step(
    source: pipelines.IFileSetProducer, *, stages: dict[str, tuple[str, ...]], fleets: Collection[str], file: Path
) -> pipelines.CodeBuildStep:
    """Check, test, and write every template once: the delivery's own, and each use case's and fleet's in `ASSEMBLIES`.

    Args:
        source: the repository.
        stages: the TOML files that have each stage.
        fleets: the stages that have a fleet.
        file: the delivery's own TOML file.
    """
    deployed = {assembly(stage, f): f"config={f} -c stage={stage}" for stage, files in stages.items() for f in files}
    deployed |= {fleet_assembly(stage): f"fleet={file} -c stage={stage}" for stage in fleets}
    return pipelines.CodeBuildStep(
        "Synth",
        input=source,
        commands=[
            "make setup",
            "make check",
            "make test",
            'export PATH="$PWD/.venv/bin:$PWD/node_modules/.bin:$PATH"',
            f"cdk synth --quiet -c delivery={file}",
            *(f"cdk synth --quiet -c {context} --output {folder}" for folder, context in deployed.items()),
        ],
        primary_output_directory="cdk.out",
        build_environment=_ENVIRONMENT,
        partial_build_spec=codebuild.BuildSpec.from_object(_VERSIONS),
    )


def deploy_step(
    name: str,
    folder: str,
    *,
    input_: pipelines.IFileSetProducer,
    cdk_version: str,
    allowed: Sequence[Statement],
) -> pipelines.CodeBuildStep:
    """Deploy the cloud assembly in `folder`, of one use case or of a stage's fleet, with the CDK CLI.

    Not by CodePipeline's CloudFormation action: it sets parameters that are not named back to their defaults, and the
    endpoint's parameter is the package that is live. The CLI keeps previous values.
    """
    app = folder.removeprefix(f"{ASSEMBLIES}/")
    return pipelines.CodeBuildStep(
        name,
        input=input_,
        install_commands=[f"npm install --global aws-cdk@{cdk_version}"],
        commands=[f"cdk deploy --app {app} --all --require-approval never --progress events"],
        build_environment=_ENVIRONMENT,
        partial_build_spec=codebuild.BuildSpec.from_object(_VERSIONS),
        role_policy_statements=[iam.PolicyStatement.from_json(statement) for statement in allowed],
    )


def start_step(
    stage: DeliveryStage, file: str, *, input_: pipelines.IFileSetProducer, allowed: Sequence[Statement]
) -> pipelines.CodeBuildStep:
    """Smoke-test what is deployed; where the stage trains, start training when steps, settings or data changed."""
    use_case = f"--config {file} --stage {stage.name} --starter"
    train = f'.venv/bin/slipway train {use_case} --if-changed --commit "$CODEBUILD_RESOLVED_SOURCE_VERSION"'
    return pipelines.CodeBuildStep(
        f"Start {file} in {stage.name}",
        input=input_,
        install_commands=["make setup"],
        commands=[f".venv/bin/slipway smoke {use_case}", *([train] if stage.trains else [])],
        build_environment=_ENVIRONMENT,
        partial_build_spec=codebuild.BuildSpec.from_object(_VERSIONS),
        role_policy_statements=[iam.PolicyStatement.from_json(statement) for statement in allowed],
    )


def assembly(stage: str, file: str) -> str:
    """The folder of one use case's cloud assembly."""
    return f"{ASSEMBLIES}/{stage}/{file.removesuffix('.toml').replace('/', '-')}"


def fleet_assembly(stage: str) -> str:
    """The folder of the cloud assembly of a stage's dashboard; a use case's never begins with `_`."""
    return f"{ASSEMBLIES}/{stage}/_fleet"
