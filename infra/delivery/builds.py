"""The builds of the delivery pipeline: every tool is the one the project pins."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines

from slipway.errors import InputError
from slipway.settings import Delivery, DeliveryStage

ASSEMBLIES, _OWN = "assemblies", "cdk.out"
_BUILDS_A_STAGE, _BUILDS = 8, 18
_PYTHON, _NODE = (
    {"phases": {"install": {"runtime-versions": each}}} for each in ({"python": "3.11"}, {"nodejs": "22"})
)
_PINS = "package.json package-lock.json"
_INSTALL_CDK = "npm ci --ignore-scripts --no-audit --no-fund"
"""By the lock file, a copy of which is in each assembly: every package has a hash there."""
_CDK = "node_modules/.bin/cdk"
_LONGEST = cdk.Duration.hours(8)
"""CodePipeline waits for no longer; a deployment of live endpoints waits for their rollouts, one after another."""
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
            "make check",
            "make test",
            'export PATH="$PWD/.venv/bin:$PWD/node_modules/.bin:$PATH"',
            f"cdk synth --quiet -c delivery={file}",
            *(f"cdk synth --quiet -c {context} --output {folder}" for folder, context in deployed.items()),
            *(f"cp {_PINS} {folder}" for folder in (_OWN, ASSEMBLIES)),
        ],
        primary_output_directory=_OWN,
        build_environment=_ENVIRONMENT,
        partial_build_spec=codebuild.BuildSpec.from_object(_PYTHON),
    )


def shared(files: Sequence[str], *, stages: int) -> dict[str, tuple[str, ...]]:
    """The use cases of each build of one of `stages`, by the build's name; several in a build where there are many.

    A stage of CodePipeline has at most 50 actions, a stack 500 resources, and the policy that names every build 10240
    characters.
    """
    builds = min(_BUILDS_A_STAGE, _BUILDS // stages)
    if len(files) <= builds:
        return {file: (file,) for file in files}
    return {f"part {start + 1} of {builds}": tuple(files[start::builds]) for start in range(builds)}


def deploy_step(
    name: str, folders: Sequence[str], *, input_: pipelines.IFileSetProducer, role: iam.IRole
) -> pipelines.CodeBuildStep:
    """Deploy the cloud assemblies in `folders`, of use cases or of a stage's fleet, with the CDK CLI.

    Not by CodePipeline's CloudFormation action: it sets parameters that are not named back to their defaults, and the
    endpoint's parameter is the package that is live. The CLI keeps previous values.
    """
    apps = [folder.removeprefix(f"{ASSEMBLIES}/") for folder in folders]
    return pipelines.CodeBuildStep(
        name,
        input=input_,
        install_commands=[_INSTALL_CDK],
        # A command each: the pipeline's page names the one that failed.
        commands=[f"{_CDK} deploy --app {app} --all --require-approval never --progress events" for app in apps],
        build_environment=_ENVIRONMENT,
        partial_build_spec=codebuild.BuildSpec.from_object(_NODE),
        timeout=_LONGEST,
        role=role,
    )


def pin_self_update(pipeline: pipelines.CodePipeline, stack: cdk.Stack) -> None:
    """Let the pipeline update itself with the lock file's CDK CLI: CDK Pipelines would install one without hashes."""
    project = pipeline.self_mutation_project.node.default_child
    assert isinstance(project, codebuild.CfnProject)  # noqa: S101 — for the type
    command = f"{_CDK} --app . deploy {stack.node.path} --require-approval never"
    phases = {"install": _NODE["phases"]["install"] | {"commands": [_INSTALL_CDK]}, "build": {"commands": [command]}}
    project.add_property_override("Source.BuildSpec", json.dumps({"version": "0.2", "phases": phases}, indent=2))


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
        partial_build_spec=codebuild.BuildSpec.from_object(_PYTHON),
        timeout=_LONGEST,
        role=role,
    )


def _start(stage: DeliveryStage, file: str) -> list[str]:
    use_case = f"--config {file} --stage {stage.name} --starter"
    train = f'.venv/bin/slipway train {use_case} --if-changed --commit "$CODEBUILD_RESOLVED_SOURCE_VERSION"'
    return [f".venv/bin/slipway smoke {use_case}", *([train] if stage.trains else [])]


def assembly(stage: str, file: str) -> str:
    """The folder of one use case's cloud assembly."""
    return f"{ASSEMBLIES}/{stage}/{file.removesuffix('.toml').replace('/', '-')}"


def fleet_assembly(stage: str) -> str:
    """The folder of the cloud assembly of a stage's dashboard; a use case's never begins with `_`."""
    return f"{ASSEMBLIES}/{stage}/_fleet"
