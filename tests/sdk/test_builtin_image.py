"""SageMaker's own XGBoost image is where its SDK says, and is trained by the request that the SDK writes."""

from typing import Any

import pytest

from slipway.settings.builtin_image import VERSIONS, builtin_uri, regions
from slipway.training import training_pipeline
from tests.sdk.environment import run_with_sdk
from tests.sdk.test_definition import PLACES
from tests.slipway.settings import test_builtin_image as builtin

CHANNELS = {split: f"s3://artifacts/{split}" for split in ("train", "validation")}


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    """The tuning step's training job, with a place for each expression of the pipeline."""
    steps = training_pipeline(builtin.settings(), **PLACES)["Steps"]
    (tune,) = [step for step in steps if step["Name"] == "Tune"]
    job: dict[str, Any] = dict(tune["Arguments"]["TrainingJobDefinition"])
    job["HyperParameters"] = job.pop("StaticHyperParameters")
    job.pop("CheckpointConfig", None)
    for channel in job["InputDataConfig"]:
        channel["DataSource"]["S3DataSource"]["S3Uri"] = CHANNELS[channel["ChannelName"]]
    return job


@pytest.fixture(scope="module")
def by_sdk(ours: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    job = {
        "region": "eu-central-1",
        "image": builtin.FRANKFURT,
        "role": PLACES["training_role_arn"],
        "key": PLACES["kms_key_arn"],
        "output": ours["OutputDataConfig"]["S3OutputPath"],
        "instance_type": ours["ResourceConfig"]["InstanceType"],
        "hyperparameters": ours["HyperParameters"],
        "channels": CHANNELS,
    }
    request = {"regions": list(regions()), "versions": list(VERSIONS), "job": job}
    answer: dict[str, Any] = run_with_sdk("builtin_image.py", request, tmp_path_factory.mktemp("sdk"))
    return answer


def test_the_image_is_where_the_sdk_says_in_every_region(by_sdk: dict[str, Any]) -> None:
    assert by_sdk["uris"] == {
        region: {version: builtin_uri(version, region) for version in VERSIONS} for region in regions()
    }


def test_the_sdk_writes_the_same_training_job(by_sdk: dict[str, Any], ours: dict[str, Any]) -> None:
    job = by_sdk["job"]
    assert job["OutputDataConfig"].pop("CompressionType") == "GZIP"  # the default of the API
    assert {name: job.get(name) for name in ours} == ours
