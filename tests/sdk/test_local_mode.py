"""The local mode of SageMaker's SDK and our engine make the same of one definition."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.docker.client import DockerClient
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.settings import load_settings
from slipway.training import training_pipeline
from tests.sdk.bridge import bridge, containers_of_sdk, network_is_there
from tests.sdk.embedded import BUCKET, Embedded, Execution, embedded
from tests.sdk.environment import PROJECT, run_with_sdk

pytestmark = pytest.mark.docker

CONFIG = PROJECT / "config" / "shoppers.toml"
PACKAGE_GROUP = load_settings(CONFIG, "dev").names.package_group
THRESHOLDS = {"passes": 0.5, "refuses": 0.999}
# A small table leaves a wide gap; only the threshold shall decide.
SHIPPED_GAP, WIDE_GAP = "max_train_validation_gap = 0.08", "max_train_validation_gap = 0.5"
BACKENDS = ("namespace", "docker")
EVALUATION = "evaluation/evaluation.json"


@dataclass(frozen=True)
class Made:
    """What one engine has made of the definition: an execution for each threshold, and everything it wrote."""

    executions: Mapping[str, Execution]
    files: Mapping[str, bytes]
    containers: tuple[tuple[str, str], ...] = ()
    """Image and command of each container the SDK has started, in order."""

    def of(self, threshold: str, step: str) -> dict[str, bytes]:
        """The outputs of a processing step."""
        prefix = f"{self.executions[threshold].id}/{step}/"
        return {name.removeprefix(prefix): each for name, each in self.files.items() if name.startswith(prefix)}

    def models(self, step: str) -> set[tuple[tuple[str, bytes], ...]]:
        """The contents of the archives that the step's jobs have left: one, if they are all the same."""
        found: dict[str, list[tuple[str, bytes]]] = {}
        for name, content in self.files.items():
            job, inside, file = name.removeprefix("models/").partition("/output/model.tar.gz/")
            if inside and step in job:
                found.setdefault(job, []).append((file, content))
        return {tuple(sorted(files)) for files in found.values()}


@pytest.fixture(scope="module")
def docker() -> DockerClient:
    return DockerClient(os.environ.get("DOCKER_HOST"))


@pytest.fixture(scope="module")
def before(docker: DockerClient) -> tuple[bool, set[str]]:
    """What an earlier use of the SDK has left in Docker."""
    return network_is_there(docker), containers_of_sdk(docker)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("table") / "table.csv"
    write_demo_csv(made, rows=3600, seed=3)
    return made


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = CONFIG.read_text(encoding="utf-8")
    assert SHIPPED_GAP in text
    made = tmp_path_factory.mktemp("settings") / "lenient.toml"
    made.write_text(text.replace(SHIPPED_GAP, WIDE_GAP), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Embedded]]:
    folders = {backend: tmp_path_factory.mktemp(backend) for backend in BACKENDS}
    with (
        embedded(folders["namespace"], backend="namespace") as namespace,
        embedded(folders["docker"], backend="docker") as containers,
    ):
        yield {"namespace": namespace, "docker": containers}


@pytest.fixture(scope="module")
def by_sdk(
    clouds: Mapping[str, Embedded],
    docker: DockerClient,
    before: tuple[bool, set[str]],
    config: Path,
    table: Path,
) -> tuple[dict[str, Any], Made]:
    """The definition that the SDK has written, and what its local mode has made of it."""
    cloud = clouds["namespace"]
    data_uri = cloud.upload(table)
    make_champion(cloud, data_uri)
    folder = config.parent / "sdk"
    folder.mkdir()
    containers = containers_of_sdk(docker)
    with bridge(docker, cloud.cloud) as url:
        answer = run_with_sdk(
            "run_locally.py",
            {
                "settings": str(config),
                "shape": "local",
                "pipeline": {
                    **cloud.places,
                    "data_uri": data_uri,
                    "environment": {"AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1"},
                    "fixed": {"num_round": "60", "early_stopping_rounds": "10", "max_depth": "3"},
                },
                "parameters": [given(threshold) for threshold in THRESHOLDS.values()],
            },
            folder,
            environment={"AWS_ENDPOINT_URL": cloud.cloud.endpoint_url, **cloud.cloud.key.environment},
        )
        started = tuple(started_as(docker, each) for each in containers_of_sdk(docker) - containers)
    executions = [Execution(**run) for run in answer["runs"]]
    ran = tuple((image, command) for _, image, command in sorted(started))
    made = Made(dict(zip(THRESHOLDS, executions, strict=True)), cloud.files("pipeline/"), ran)
    return answer["definition"], made


def given(threshold: float) -> dict[str, Any]:
    """The parameters of one run; both runs are of the same table."""
    return {"GateThreshold": threshold, "DataFingerprint": "one table"}


def started_as(docker: DockerClient, container: str) -> tuple[str, str, str]:
    """When it was created, its image, and its command with the entry point."""
    form = "{{.Created}}|{{.Config.Image}}|{{.Path}}{{range .Args}} {{.}}{{end}}"
    created, image, command = docker.run("inspect", "--format", form, container).split("|", 2)
    return created, image, command


@pytest.fixture(scope="module")
def by_us(by_sdk: tuple[dict[str, Any], Made], clouds: Mapping[str, Embedded], table: Path) -> Mapping[str, Made]:
    """What our engine has made of the SDK's definition, by backend."""
    definition = with_our_own_way_to_aws(by_sdk[0])
    return {name: run_by_us(cloud, definition, table) for name, cloud in clouds.items()}


def run_by_us(cloud: Embedded, definition: Mapping[str, Any], table: Path) -> Made:
    data_uri = cloud.upload(table)
    if not cloud.files("pipeline/models/"):
        make_champion(cloud, data_uri)
    cloud.create("by-us", definition)
    executions = {name: cloud.run("by-us", given(each)) for name, each in THRESHOLDS.items()}
    return Made(executions, cloud.files("pipeline/"))


def with_our_own_way_to_aws(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Our engine leads a job to the registry as SageMaker does, without a word in the definition."""
    changed: dict[str, Any] = json.loads(json.dumps(definition))
    for step in changed["Steps"]:
        step["Arguments"].pop("Environment", None)
    return changed


def make_champion(cloud: Embedded, data_uri: str) -> None:
    """An approved model in the registry: the baseline of our own pipeline."""
    definition = training_pipeline(load_settings(CONFIG, "dev"), **cloud.places)
    cloud.create("champion", {**definition, "Steps": definition["Steps"][:2]})
    assert cloud.run("champion", {"InputDataUri": data_uri, "DataFingerprint": "champion"}).status == "Succeeded"
    (model,) = {name.partition("/contract.json")[0] for name in cloud.files("pipeline/") if "/contract.json" in name}
    registry, types = cloud.cloud("sagemaker"), ["text/csv"]
    registry.create_model_package_group(ModelPackageGroupName=PACKAGE_GROUP)
    registry.create_model_package(
        ModelPackageGroupName=PACKAGE_GROUP,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": cloud.image, "ModelDataUrl": f"s3://{BUCKET}/pipeline/{model}"}],
            "SupportedContentTypes": types,
            "SupportedResponseMIMETypes": types,
        },
    )


def test_the_sdk_refuses_neither_a_step_nor_the_gate(by_sdk: tuple[dict[str, Any], Made]) -> None:
    ran = by_sdk[1].executions
    steps = dict.fromkeys(("Prepare", "Reference", "Candidate", "Evaluate", "Gate"), "Succeeded")
    assert ran["passes"].refusal is None
    assert (ran["passes"].status, ran["passes"].steps) == ("Succeeded", steps)
    assert (ran["refuses"].status, ran["refuses"].steps) == ("Failed", {**steps, "Refuse": "Failed"})
    assert {name: each.outcome for name, each in ran.items()} == {"passes": True, "refuses": False}


def test_each_job_of_the_sdk_ran_in_a_container_of_our_image(
    by_sdk: tuple[dict[str, Any], Made], clouds: Mapping[str, Embedded]
) -> None:
    images = {image for image, _ in by_sdk[1].containers}
    verbs = [command.removeprefix("python -m pipeline_steps ").split()[0] for _, command in by_sdk[1].containers]
    assert images == {clouds["docker"].image}
    assert verbs == ["prepare", "train", "train", "evaluate"] * len(THRESHOLDS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_gate_decides_alike(by_sdk: tuple[dict[str, Any], Made], by_us: Mapping[str, Made], backend: str) -> None:
    for threshold, expected in by_sdk[1].executions.items():
        found = by_us[backend].executions[threshold]
        assert (found.status, found.steps, found.outcome) == (expected.status, expected.steps, expected.outcome)
        assert found.refusal == expected.refusal
    assert "auc" in str(by_sdk[1].executions["refuses"].refusal)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_every_metric_is_equal_to_the_last_digit(
    by_sdk: tuple[dict[str, Any], Made], by_us: Mapping[str, Made], threshold: str, backend: str
) -> None:
    expected, found = (evaluated(made, threshold) for made in (by_sdk[1], by_us[backend]))
    assert found == expected
    assert found["champion"]["auc"] == found["baseline"]["auc"] > 0.5


def evaluated(made: Made, threshold: str) -> dict[str, Any]:
    """The evaluation without the name of the training job, which each engine chooses by itself."""
    document: dict[str, Any] = json.loads(made.of(threshold, "evaluate")[EVALUATION])
    step = {"tuned": "Candidate", "reference": "Reference"}[document["choice"]["chosen"]]
    assert step in document["model"].pop("training_job")
    return document


@pytest.mark.parametrize("backend", BACKENDS)
def test_prepare_and_evaluate_write_the_same_files(
    by_sdk: tuple[dict[str, Any], Made], by_us: Mapping[str, Made], backend: str
) -> None:
    for step in ("prepare", "evaluate"):
        expected, found = by_sdk[1].of("passes", step), by_us[backend].of("passes", step)
        assert found.keys() == expected.keys()
        assert [name for name in expected if name != EVALUATION and found[name] != expected[name]] == []
        assert len(expected) > 1


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("step", ["Reference", "Candidate"])
def test_the_same_models_are_trained(
    by_sdk: tuple[dict[str, Any], Made], by_us: Mapping[str, Made], step: str, backend: str
) -> None:
    (expected,), (found,) = by_sdk[1].models(step), by_us[backend].models(step)
    assert [name for name, _ in found] == [name for name, _ in expected]
    assert found == expected


def test_no_network_and_no_container_is_left(
    before: tuple[bool, set[str]], by_sdk: tuple[dict[str, Any], Made], docker: DockerClient
) -> None:
    assert (network_is_there(docker), containers_of_sdk(docker)) == before
