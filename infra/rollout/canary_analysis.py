"""The function that compares the new fleet with the old one while a rollout is under way."""

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
from slipway.settings import Settings
from slipway.settings.names import VARIANT

_ROLLOUT = ("__init__", "deployment", "deployment_config", "plan")

_POLL_SECONDS = 30
"""A poll that takes longer than a few waits is none."""


class CanaryAnalysisFunction(PythonFunction):
    """Reads the fleets' metrics and publishes its decision as one; it can neither change nor invoke an endpoint."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, artifacts_bucket: s3.IBucket) -> None:
        endpoint = settings.names.endpoint
        environment = {"CANARY_ANALYSIS": analysis_config(settings).to_json()}
        statements = [
            allow("sagemaker:DescribeEndpoint", on=[arn("sagemaker", f"endpoint/{endpoint}")]),
            allow("cloudwatch:GetMetricData", on=["*"]),  # which has no resource types
            may_publish(decision_namespace(endpoint)),
        ]
        if settings.rollout.canary_analysis.value:
            environment["ARTIFACTS_BUCKET"] = artifacts_bucket.bucket_name
            statements += _may_join_outcomes(endpoint, artifacts_bucket)
        super().__init__(
            scope,
            id_,
            source=Path(__file__).parent / "runtime" / "canary_analysis",
            slipway=("errors.py", "metrics.py", "canary", *(f"rollout/{name}.py" for name in _ROLLOUT)),
            description=f"Compares the fleets of {endpoint} during rollouts",
            timeout=cdk.Duration.seconds(_POLL_SECONDS),
            environment=environment,
            statements=statements,
        )


def _may_join_outcomes(endpoint: str, artifacts_bucket: s3.IBucket) -> list[Statement]:
    """Read what was answered and what came of it, and keep a checkpoint of what has been read."""
    checkpoints = f"{CHECKPOINT_PREFIX}/{endpoint}/*"
    return [
        *may_find(artifacts_bucket, f"{CAPTURE_PREFIX}/{endpoint}/*", f"{OUTCOME_PREFIX}/*", checkpoints),
        *may_write(artifacts_bucket, checkpoints),
    ]


def analysis_config(settings: Settings) -> AnalysisConfig:
    """What the settings ask of the analysis."""
    analysis = settings.rollout.canary_analysis
    bounds = settings.value.bounds() if settings.value else None
    return AnalysisConfig(
        tolerances=settings.rollout.tolerances(),
        without_evidence=analysis.without_evidence,
        decide_seconds=settings.rollout.decide_seconds,
        variant=VARIANT,
        deployment=deployment_config(settings.rollout, ()),
        instances=settings.endpoint.instance_count,
        value=ValueBounds(*bounds, analysis.value_tolerance) if analysis.value and bounds else None,
        value_horizon_seconds=analysis.value_horizon_seconds,
        positive_label=settings.data.positive_label,
    )
