"""The dashboard over a delivery's use cases, deployed to the embedded AWS by the commands of delivery itself."""

import json
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.delivery.github_jobs import deploying_jobs
from rehearsal.journey.cdk import bootstrap, run_cdk
from rehearsal.journey.embedded_aws import EmbeddedAws
from slipway.settings import load_delivery
from tests.infra.delivery.test_delivery import build_specs, delivery_of, project_of, synth
from tests.rehearsal.cloud.process import PROJECT, CloudProcess, end_cloud, start_cloud, write_steps

FLEET = "slipway-fleet-dev"
Checkout = Callable[..., Path]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    """Bootstrapped."""
    folder = tmp_path_factory.mktemp("cloud")
    started = start_cloud(folder, write_steps(tmp_path_factory.mktemp("steps")))
    bootstrap(workdir=folder, environment=EmbeddedAws(started.endpoint_url, started.key).environment)
    yield started
    assert end_cloud(started) == 0


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project with three use cases; called, so many of them are in the delivery."""
    folder = project_of(tmp_path_factory.mktemp("project"), "one", "two", "three")
    for file in ("app.py", "cdk.json"):
        shutil.copy(PROJECT / file, folder)

    def delivering(*names: str) -> Path:
        (folder / "delivery.toml").write_text(delivery_of(*names))
        return folder

    return delivering


@pytest.fixture(scope="module")
def delivered(checkout: Checkout, aws: CloudProcess) -> list[str]:
    """What the dashboard shows when CodePipeline's commands have deployed the three."""
    project = checkout("two", "three", "one")
    specs = build_specs(synth(project, (project / "delivery.toml").read_text(), project=project))
    (written,) = [c for c in specs["Synth"]["phases"]["build"]["commands"] if c.endswith("assemblies/dev/_fleet")]
    run(written, project, aws)
    for command in specs["Deploy_the_fleet_to_dev"]["phases"]["build"]["commands"]:
        run(command, project, aws, cwd=project / "assemblies")
    return shown(aws)


def run(command: str, project: Path, aws: CloudProcess, *, cwd: Path | None = None) -> None:
    """A command line of delivery, which must begin with `cdk`."""
    program, *arguments = shlex.split(command)
    assert program.split("/")[-1] == "cdk"
    environment = EmbeddedAws(aws.endpoint_url, aws.key).environment | {"CDK_VALIDATION": "false"}
    run_cdk(arguments, workdir=project, environment=environment, cwd=cwd or project)


def workflow_command() -> str:
    """The line of GitHub's workflow that deploys the dashboard of dev."""
    lines = (PROJECT / ".github" / "workflows" / "deliver.yml").read_text().splitlines()
    (command,) = [line.strip().removeprefix("run: ") for line in lines if "/_fleet" in line]
    return command.replace("$STAGE", "dev")


def workflow_deploys(project: Path, aws: CloudProcess) -> None:
    """What the workflow's jobs do for the dashboard of dev: synthesize it, and deploy it, where there is one."""
    shutil.rmtree(project / "assemblies", ignore_errors=True)
    if any(job.fleet for job in deploying_jobs(load_delivery(project / "delivery.toml"), project=project)):
        run("cdk synth --quiet -c fleet=delivery.toml -c stage=dev --output assemblies/dev/_fleet", project, aws)
        run(workflow_command(), project, aws)


def shown(aws: CloudProcess) -> list[str]:
    """The use cases on the dashboard that stands."""
    body = aws("cloudwatch").get_dashboard(DashboardName=FLEET)["DashboardBody"]
    return [metric[-1]["label"] for metric in json.loads(body)["widgets"][0]["properties"]["metrics"]]


def test_the_pipelines_commands_deploy_the_dashboard(delivered: list[str]) -> None:
    assert delivered == ["one-dev", "three-dev", "two-dev"]


def test_the_workflows_command_takes_out_what_left_the_delivery_and_deletes_no_dashboard(
    checkout: Checkout, delivered: list[str], aws: CloudProcess
) -> None:
    assert "two-dev" in delivered
    workflow_deploys(checkout("three", "one"), aws)
    assert shown(aws) == ["one-dev", "three-dev"]
    workflow_deploys(checkout("one"), aws)  # none is synthesized, and none is missed
    assert shown(aws) == ["one-dev", "three-dev"]
