"""The dashboard over a delivery's use cases, deployed to the embedded AWS by the commands of delivery itself."""

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.delivery.github_jobs import deploying_jobs
from rehearsal.journey.cdk import bootstrap, run_cdk
from rehearsal.journey.embedded_aws import EmbeddedAws
from slipway.settings import load_delivery
from tests.infra.delivery.test_delivery import build_specs, delivery_of, project_of, synth
from tests.rehearsal.cloud.process import PROJECT, CloudProcess

FLEET = "slipway-fleet-dev"
Checkout = Callable[..., Path]


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
def delivered(checkout: Checkout, cloud: CloudProcess) -> list[str]:
    """What the dashboard shows when CodePipeline's commands have deployed the three."""
    bootstrap(workdir=cloud.workdir, environment=EmbeddedAws(cloud.endpoint_url, cloud.key).environment)
    project = checkout("two", "three", "one")
    specs = build_specs(synth(project, (project / "delivery.toml").read_text(), project=project))
    (written,) = [c for c in specs["Synth"]["phases"]["build"]["commands"] if c.endswith("assemblies/dev/_fleet")]
    run(written, project, cloud)
    for command in specs["Deploy_the_fleet_to_dev"]["phases"]["build"]["commands"]:
        run(command, project, cloud, cwd=project / "assemblies")
    return shown(cloud)


def run(command: str, project: Path, cloud: CloudProcess, *, cwd: Path | None = None) -> None:
    """A command line of delivery, which must begin with `cdk`."""
    program, *arguments = shlex.split(command)
    assert program.split("/")[-1] == "cdk"
    environment = EmbeddedAws(cloud.endpoint_url, cloud.key).environment | {"CDK_VALIDATION": "false"}
    run_cdk(arguments, workdir=project, environment=environment, cwd=cwd or project)


def workflow_command() -> str:
    """The line of GitHub's workflow that deploys the dashboard of dev."""
    lines = (PROJECT / ".github" / "workflows" / "deliver.yml").read_text().splitlines()
    (command,) = [line.strip().removeprefix("run: ") for line in lines if "/_fleet" in line]
    return command.replace("$STAGE", "dev")


def workflow_deploys(project: Path, cloud: CloudProcess) -> None:
    """What the workflow's jobs do for the dashboard of dev: synthesize it, and deploy it, where there is one."""
    shutil.rmtree(project / "assemblies", ignore_errors=True)
    if any(job.fleet for job in deploying_jobs(load_delivery(project / "delivery.toml"), project=project)):
        run("cdk synth --quiet -c fleet=delivery.toml -c stage=dev --output assemblies/dev/_fleet", project, cloud)
        run(workflow_command(), project, cloud)


def shown(cloud: CloudProcess) -> list[str]:
    """The use cases on the dashboard that stands."""
    body = cloud("cloudwatch").get_dashboard(DashboardName=FLEET)["DashboardBody"]
    return [metric[-1]["label"] for metric in json.loads(body)["widgets"][0]["properties"]["metrics"]]


def test_the_pipelines_commands_deploy_the_dashboard(delivered: list[str]) -> None:
    assert delivered == ["one-dev", "three-dev", "two-dev"]


def test_the_workflows_command_takes_out_what_left_the_delivery_and_deletes_no_dashboard(
    checkout: Checkout, delivered: list[str], cloud: CloudProcess
) -> None:
    assert "two-dev" in delivered
    workflow_deploys(checkout("three", "one"), cloud)
    assert shown(cloud) == ["one-dev", "three-dev"]
    workflow_deploys(checkout("one"), cloud)  # none is synthesized, and none is missed
    assert shown(cloud) == ["one-dev", "three-dev"]
