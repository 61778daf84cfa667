"""The function that compares the new fleet with the old one while a rollout is under way."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.rollout.judgement import LOOK_SECONDS
from infra.shared.arns import arn
from infra.shared.object_access import may_find, may_write
from infra.shared.policy import Statement, allow
from infra.shared.python_function import PythonFunction
from infra.shared.sagemaker_role import may_publish
from slipway.canary.config import Mandate
from slipway.canary.observed_keys import CAPTURE_KEYS, MEMORY_KEYS, OUTCOME_KEYS
from slipway.canary.statistics import MeanTest, verdict_namespace
from slipway.rollout.plan import deployment_config
from slipway.settings import Settings
from slipway.settings.names import VARIANT

_ROLLOUT = ("__init__", "deployment", "deployment_config", "plan")


class JudgeFunction(PythonFunction):
    """Reads the fleets' metrics and publishes its verdict as one; it can neither change nor invoke an endpoint."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, artifacts_bucket: s3.IBucket) -> None:
        endpoint = settings.names.endpoint
        environment = {"JUDGE": mandate(settings).to_json()}
        statements = [
            allow("sagemaker:DescribeEndpoint", on=[arn("sagemaker", f"endpoint/{endpoint}")]),
            allow("cloudwatch:GetMetricData", on=["*"]),  # which knows no resource
            may_publish(verdict_namespace(endpoint)),
        ]
        if settings.rollout.judge.value:
            environment["ARTIFACTS_BUCKET"] = artifacts_bucket.bucket_name
            statements += _may_join_outcomes(endpoint, artifacts_bucket)
        super().__init__(
            scope,
            id_,
            source=Path(__file__).parent / "runtime" / "canary_analysis",
            slipway=("errors.py", "canary", *(f"rollout/{name}.py" for name in _ROLLOUT)),
            description=f"Judges rollouts of {endpoint}",
            timeout=cdk.Duration.seconds(LOOK_SECONDS),
            environment=environment,
            statements=statements,
        )


def _may_join_outcomes(endpoint: str, artifacts_bucket: s3.IBucket) -> list[Statement]:
    """Read what was answered and what came of it, and remember what has been read."""
    memory = f"{MEMORY_KEYS}/{endpoint}/*"
    return [
        *may_find(artifacts_bucket, f"{CAPTURE_KEYS}/{endpoint}/*", f"{OUTCOME_KEYS}/*", memory),
        *may_write(artifacts_bucket, memory),
    ]


def mandate(settings: Settings) -> Mandate:
    """What the settings ask of the judge."""
    judge, worth = settings.rollout.judge, settings.value
    values = (worth.true_positive, worth.false_positive, worth.true_negative, worth.false_negative)
    return Mandate(
        plan=settings.rollout.judge_plan(),
        without_evidence=judge.without_evidence,
        # A short bake is looked at for half of its time at least.
        decide_seconds=min(judge.decide_seconds, settings.rollout.bake_seconds / 2),
        variant=VARIANT,
        deployment=deployment_config(settings.rollout, ()),
        instances=settings.endpoint.instance_count,
        value=MeanTest(min(values), max(values), judge.value_tolerance) if judge.value else None,
        value_horizon_seconds=judge.value_horizon_seconds,
        positive_label=settings.data.positive_label,
    )
