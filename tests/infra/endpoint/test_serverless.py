"""Endpoints without instances."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.stages import UseCaseStacks
from slipway.settings import Settings

Synth = Callable[..., tuple[UseCaseStacks, Path]]


@pytest.fixture(scope="module")
def served(synth: Synth, settings: Settings) -> dict[str, dict[str, Any]]:
    """The endpoint stack's resources by type, each type once."""
    document = settings.model_dump()
    document["endpoint"] |= {
        "kind": "serverless",
        "capture_percent": 0,
        "serverless": {"memory_mb": 3072, "max_concurrency": 7},
    }
    document["rollout"] |= {"type": "all_at_once", "canary_analysis": {"enabled": False}}
    stacks, _ = synth(Settings.model_validate(document))
    return {r["Type"]: r["Properties"] for r in Template.from_stack(stacks.endpoint).to_json()["Resources"].values()}


def test_its_config_has_memory_and_concurrency_in_the_place_of_instances(served: dict[str, Any]) -> None:
    config = served["AWS::SageMaker::EndpointConfig"]
    (variant,) = config["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 3072, "MaxConcurrency": 7}
    assert not variant.keys() & {"InstanceType", "InitialInstanceCount"}
    assert not config.keys() & {"DataCaptureConfig", "KmsKeyId"}


def test_it_is_updated_without_guardrails_and_their_alarms(served: dict[str, Any]) -> None:
    assert "DeploymentConfig" not in served["AWS::SageMaker::Endpoint"]
    assert "AWS::CloudWatch::Alarm" not in served


def test_its_model_has_one_container_and_is_no_inference_pipeline(served: dict[str, Any]) -> None:
    model = served["AWS::SageMaker::Model"]
    assert model["PrimaryContainer"]["ModelPackageName"] == {"Ref": "ModelPackageArn"}
    assert "Containers" not in model
