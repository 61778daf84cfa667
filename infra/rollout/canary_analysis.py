"""The function that compares the new fleet with the old one while a rollout is under way."""

from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.object_access import may_find, may_write
from infra.shared.policy import Statement, allow
from infra.shared.python_function import PythonFunction
from infra.shared.sagemaker_role import may_publish
from slipway.canary.config import AnalysisConfig, ValueBounds
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX, CHECKPOINT_PREFIX, OUTCOME_PREFIX
from slipway.metrics import decision_namespace
from slipway.rollout.plan import deployment_config
from slipway.rollout.server_of_settings import captures_apart, own_server
from slipway.settings import Settings
from slipway.settings.names import VARIANT

_ROLLOUT = ("__init__", "deployment", "deployment_config", "own_server", "plan")

_POLL_SECONDS = 30
"""A poll that takes longer than a few waits is none."""


class CanaryAnalysisFunction(PythonFunction):
    """Reads the fleets' metrics and publishes its decision as one; it can neither change nor invoke an endpoint.

    A rollout calls the version that it began with: only that one can read what its earlier polls have kept.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, artifacts_bucket: s3.IBucket) -> None:
        endpoint = settings.names.endpoint
        environment = {"CANARY_ANALYSIS": analysis_config(settings).to_json()}
        statements = [
            allow("sagemaker:DescribeEndpoint", on=[arn("sagemaker", f"endpoint/{endpoint}")]),
            allow("cloudwatch:GetMetricData", on=["*"]),  # which has no resource types
            may_publish(decision_namespace(endpoint)),
        ]
        analysis, server = settings.rollout.canary_analysis, own_server(settings.endpoint)
        if server and captures_apart(settings.endpoint, settings.rollout):
            environment["OWN_SERVER"] = server.to_json()
        if analysis.value or "OWN_SERVER" in environment:
            environment["ARTIFACTS_BUCKET"] = artifacts_bucket.bucket_name
            outcomes = (f"{OUTCOME_PREFIX}/*",) if analysis.value else ()
            statements += _may_read_captured(endpoint, artifacts_bucket, *outcomes)
        super().__init__(
            scope,
            id_,
            source=Path(__file__).parent / "runtime" / "canary_analysis",
            slipway=("errors.py", "metrics.py", "canary", *(f"rollout/{name}.py" for name in _ROLLOUT)),
            description=f"Compares the fleets of {endpoint} during rollouts",
            timeout=cdk.Duration.seconds(_POLL_SECONDS),
            environment=environment,
            statements=statements,
            keeps_versions=True,
        )


def _may_read_captured(endpoint: str, artifacts_bucket: s3.IBucket, *more: str) -> list[Statement]:
    """Read what was answered, and `more`, and keep a checkpoint of what has been read."""
    checkpoints = f"{CHECKPOINT_PREFIX}/{endpoint}/*"
    return [
        *may_find(artifacts_bucket, f"{CAPTURE_PREFIX}/{endpoint}/*", *more, checkpoints),
        *may_write(artifacts_bucket, checkpoints),
    ]


def analysis_config(settings: Settings) -> AnalysisConfig:
    """What the settings ask of the analysis."""
    analysis = settings.rollout.canary_analysis
    bounds = settings.value.bounds() if settings.value else None
    return AnalysisConfig(
        tolerances=replace(settings.rollout.tolerances(), error_metric=settings.endpoint.facts.compared_errors),
        without_evidence=analysis.without_evidence,
        decide_seconds=settings.rollout.decide_seconds,
        variant=VARIANT,
        deployment=deployment_config(settings.rollout, ()),
        instances=settings.endpoint.instance_count,
        value=ValueBounds(*bounds, analysis.value_tolerance) if analysis.value and bounds else None,
        value_horizon_seconds=analysis.value_horizon_seconds,
        positive_label=settings.data.positive_label,
        shadow_error_tolerance=settings.rollout.shadow.error_tolerance,
    )
