"""The function of the canary analysis: its code, its permissions, and when there is none."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.stages import UseCaseStacks
from slipway.canary.config import AnalysisConfig
from slipway.settings import Settings

Synth = Callable[..., tuple[UseCaseStacks, Path]]


def with_analysis(settings: Settings, **changes: Any) -> Settings:
    document = settings.model_dump()
    document["rollout"]["canary_analysis"] |= changes
    return Settings.model_validate(document)


@pytest.fixture(scope="module")
def synthesized(synth: Synth, settings: Settings) -> tuple[UseCaseStacks, Path]:
    return synth(with_analysis(settings, enabled=True))


@pytest.fixture(scope="module")
def earning(synth: Synth, settings: Settings) -> tuple[UseCaseStacks, Path]:
    worth = {"value": True, "value_tolerance": 0.25, "value_horizon_seconds": 90}
    return synth(with_analysis(settings, enabled=True, **worth))


def function(stacks: UseCaseStacks) -> dict[str, Any]:
    resources = Template.from_stack(stacks.rollout).to_json()["Resources"]
    (found,) = (
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::Function"
        and "CANARY_ANALYSIS" in resource["Properties"].get("Environment", {}).get("Variables", {})
    )
    return dict(found)


def statements(stacks: UseCaseStacks) -> Iterator[dict[str, Any]]:
    resources = Template.from_stack(stacks.rollout).to_json()["Resources"]
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Policy" and name.startswith("CanaryAnalysisRole"):
            yield from resource["Properties"]["PolicyDocument"]["Statement"]


def asset(synthesized: tuple[UseCaseStacks, Path]) -> Path:
    stacks, assembly = synthesized
    return assembly / f"asset.{function(stacks)['Code']['S3Key'].removesuffix('.zip')}"


def test_its_code_needs_nothing_but_what_comes_with_it_and_boto3(synthesized: tuple[UseCaseStacks, Path]) -> None:
    program = (
        "import sys, types; boto3 = sys.modules['boto3'] = types.ModuleType('boto3'); "
        "core = sys.modules['botocore'] = types.ModuleType('botocore'); "
        "errors = sys.modules['botocore.exceptions'] = types.ModuleType('botocore.exceptions'); "
        "errors.ClientError = Exception; import index; print(index.handler.__name__)"
    )
    isolated = [sys.executable, "-S", "-s", "-c", program]
    ran = subprocess.run(isolated, cwd=asset(synthesized), capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("handler\n", "")


def test_its_code_is_the_analysis_alone(synthesized: tuple[UseCaseStacks, Path]) -> None:
    folder = asset(synthesized)
    parts = {path.relative_to(folder).parts[:2] for path in folder.rglob("*.py")}
    assert {part for part in parts if part[0] != "slipway"} == {("index.py",), ("__init__.py",)}
    assert {part[1] for part in parts if part[0] == "slipway"} == {
        "__init__.py",
        "canary",
        "errors.py",
        "metrics.py",
        "rollout",
    }


def test_it_is_configured_as_the_settings_say(synthesized: tuple[UseCaseStacks, Path], settings: Settings) -> None:
    config = AnalysisConfig.from_json(function(synthesized[0])["Environment"]["Variables"]["CANARY_ANALYSIS"])
    assert config.tolerances == settings.rollout.tolerances()
    assert config.deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"] == 480
    analysis = settings.rollout.canary_analysis
    assert (config.without_evidence, config.decide_seconds) == (analysis.without_evidence, analysis.decide_seconds)
    assert config.instances == settings.endpoint.instance_count
    assert config.value is None
    assert config.positive_label == settings.data.positive_label


def test_a_short_bake_is_looked_at_for_half_of_its_time(synth: Synth, settings: Settings) -> None:
    document = with_analysis(settings, enabled=True).model_dump()
    document["rollout"]["bake_seconds"] = 180
    stacks, _ = synth(Settings.model_validate(document))
    assert (
        AnalysisConfig.from_json(function(stacks)["Environment"]["Variables"]["CANARY_ANALYSIS"]).decide_seconds == 90
    )


def test_it_reads_one_endpoint_and_metrics_and_publishes_into_one_namespace(
    synthesized: tuple[UseCaseStacks, Path], settings: Settings
) -> None:
    allowed = {json.dumps(each["Action"]): each for each in statements(synthesized[0])}
    assert set(allowed) == {
        '["logs:CreateLogStream", "logs:PutLogEvents"]',
        '"sagemaker:DescribeEndpoint"',
        '"cloudwatch:GetMetricData"',
        '"cloudwatch:PutMetricData"',
    }
    endpoint = json.dumps(allowed['"sagemaker:DescribeEndpoint"']["Resource"])
    assert endpoint.endswith(f':endpoint/{settings.names.endpoint}"]]}}')
    assert allowed['"cloudwatch:PutMetricData"']["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": f"Slipway/Rollout/{settings.names.endpoint}"}
    }


def test_with_the_value_it_reads_captures_and_outcomes_and_writes_its_memory_alone(
    earning: tuple[UseCaseStacks, Path], settings: Settings
) -> None:
    config = AnalysisConfig.from_json(function(earning[0])["Environment"]["Variables"]["CANARY_ANALYSIS"])
    assert config.value is not None
    assert (config.value.low, config.value.high, config.value.tolerance) == (-2.0, 5.5, 0.25)
    assert config.value_horizon_seconds == 90
    endpoint = settings.names.endpoint
    written = [each for each in statements(earning[0]) if "s3:PutObject" in each["Action"]]
    assert [json.dumps(each["Resource"]).endswith(f'"/canary-analysis/{endpoint}/*"]]}}') for each in written] == [True]
    (read,) = (each for each in statements(earning[0]) if "s3:GetObject" in each["Action"])
    keys = [part["Fn::Join"][1][1] for part in read["Resource"] if "Fn::Join" in part]
    assert keys == [f"/canary-analysis/{endpoint}/*", f"/capture/{endpoint}/*", "/outcomes/*"]


def test_a_rollout_may_have_no_analysis(synth: Synth, settings: Settings) -> None:
    stacks, _ = synth(with_analysis(settings, enabled=False))
    resources = Template.from_stack(stacks.rollout).to_json()["Resources"]
    assert not [name for name in resources if name.startswith("CanaryAnalysis")]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"error_tolerance": 0.7}, "error_tolerance"),
        ({"decide_seconds": 5}, "decide_seconds"),
        ({"value": "x"}, "value"),
    ],
)
def test_an_analysis_that_could_not_decide_is_refused(settings: Settings, change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        with_analysis(settings, **change)
