"""The builds of the delivery pipeline: every tool is the one the project pins."""

from collections.abc import Collection, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines

from blueprint.errors import InputError
from blueprint.settings import Delivery, DeliveryStage

ASSEMBLIES = "assemblies"
_BUILDS_A_STAGE, _BUILDS = 8, 18
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


def shared(files: Sequence[str], *, stages: int) -> dict[str, tuple[str, ...]]:
    """The use cases that each build of one of `stages` takes care of, by what it is called: one, or several if many.

    A stage of CodePipeline has at most 50 actions, a stack 500 resources, and the policy that names every build 10240
    characters.
    """
    builds = min(_BUILDS_A_STAGE, _BUILDS // stages)
    if len(files) <= builds:
        return {file: (file,) for file in files}
    return {f"part {start + 1} of {builds}": tuple(files[start::builds]) for start in range(builds)}


def deploy_step(
    name: str, folders: Sequence[str], *, input_: pipelines.IFileSetProducer, cdk_version: str, role: iam.IRole
) -> pipelines.CodeBuildStep:
    """Deploy the cloud assemblies in `folders`, of use cases or of a stage's fleet, with the CDK CLI.

    Not by CodePipeline's CloudFormation action: it sets parameters that are not named back to their defaults, and the
    endpoint's parameter is the package that is live. The CLI keeps previous values.
    """
    apps = [folder.removeprefix(f"{ASSEMBLIES}/") for folder in folders]
    return pipelines.CodeBuildStep(
        name,
        input=input_,
        install_commands=[f"npm install --global aws-cdk@{cdk_version}"],
        # A command each: the pipeline's page names the one that failed.
        commands=[f"cdk deploy --app {app} --all --require-approval never --progress events" for app in apps],
        build_environment=_ENVIRONMENT,
        partial_build_spec=codebuild.BuildSpec.from_object(_VERSIONS),
        timeout=_timeout(folders),
        role=role,
    )


def start_step(
    stage: DeliveryStage, name: str, files: Sequence[str], *, input_: pipelines.IFileSetProducer, role: iam.IRole
) -> pipelines.CodeBuildStep:
    """Smoke-test what is deployed; where the stage trains, start training when steps, settings or data changed."""
    return pipelines.CodeBuildStep(
        f"Start {name} in {stage.name}",
        input=input_,
        install_commands=["make setup"],
        commands=[command for file in files for command in _start(stage, file)],
        build_environment=_ENVIRONMENT,
        partial_build_spec=codebuild.BuildSpec.from_object(_VERSIONS),
        timeout=_timeout(files),
        role=role,
    )


def _start(stage: DeliveryStage, file: str) -> list[str]:
    use_case = f"--config {file} --stage {stage.name} --starter"
    train = f'.venv/bin/slipway train {use_case} --if-changed --commit "$CODEBUILD_RESOLVED_SOURCE_VERSION"'
    return [f".venv/bin/slipway smoke {use_case}", *([train] if stage.trains else [])]


def _timeout(each: Sequence[str]) -> cdk.Duration:
    return cdk.Duration.hours(min(2 * len(each), 8))  # CodePipeline waits for no longer


def assembly(stage: str, file: str) -> str:
    """The folder of one use case's cloud assembly."""
    return f"{ASSEMBLIES}/{stage}/{file.removesuffix('.toml').replace('/', '-')}"


def fleet_assembly(stage: str) -> str:
    """The folder of the cloud assembly of a stage's dashboard; a use case's never begins with `_`."""
    return f"{ASSEMBLIES}/{stage}/_fleet"
