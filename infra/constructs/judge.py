"""The function that compares the new fleet with the old one while a rollout is under way."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.judging.mandate import Mandate
from blueprint.names import VARIANT
from blueprint.rollout import deployment_config
from blueprint.settings import Settings
from blueprint.verdicts.means import MeanTest
from infra.constructs.object_access import may_find, may_write
from infra.constructs.python_function import PythonFunction

VERDICT_NAMESPACE = "Slipway/Rollout"
CAPTURE_KEYS, OUTCOME_KEYS, MEMORY_KEYS = "capture", "outcomes", "judge"


class JudgeFunction(PythonFunction):
    """Reads the fleets' metrics and publishes its verdict as one; it can neither change nor invoke an endpoint."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, artifacts_bucket: s3.IBucket) -> None:
        endpoint = settings.names.endpoint
        super().__init__(
            scope,
            id_,
            folder="judge",
            blueprint=("deployment_config.py", "errors.py", "judging", "rollout.py", "verdicts"),
            description=f"Judges rollouts of {endpoint}",
            timeout=cdk.Duration.minutes(1),
        )
        self.add_environment("JUDGE", mandate(settings).to_json())
        self._allow(
            "sagemaker:DescribeEndpoint",
            on=cdk.Stack.of(self).format_arn(service="sagemaker", resource="endpoint", resource_name=endpoint),
        )
        # Neither action knows a resource; what is published is narrowed by its namespace.
        self._allow("cloudwatch:GetMetricData", on="*")
        self._allow("cloudwatch:PutMetricData", on="*", conditions={"cloudwatch:namespace": VERDICT_NAMESPACE})
        if settings.rollout.judge.value:
            self.add_environment("ARTIFACTS_BUCKET", artifacts_bucket.bucket_name)
            memory = f"{MEMORY_KEYS}/{endpoint}/*"
            may_find(self, artifacts_bucket, f"{CAPTURE_KEYS}/{endpoint}/*", f"{OUTCOME_KEYS}/*", memory)
            may_write(self, artifacts_bucket, memory)

    def _allow(self, action: str, *, on: str, conditions: dict[str, str] | None = None) -> None:
        narrowed = {"StringEquals": conditions} if conditions else {}
        self.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=[on], conditions=narrowed))


def mandate(settings: Settings) -> Mandate:
    """What the settings ask of the judge."""
    judge, worth = settings.rollout.judge, settings.value
    values = (worth.true_positive, worth.false_positive, worth.true_negative, worth.false_negative)
    return Mandate(
        plan=judge.plan(),
        without_evidence=judge.without_evidence,
        # A short bake is looked at for half of its time at least.
        decide_seconds=min(judge.decide_seconds, settings.rollout.bake_seconds / 2),
        variant=VARIANT,
        deployment=deployment_config(settings.rollout, ()),
        instances=settings.endpoint.instance_count,
        value=MeanTest(min(values), max(values), judge.value_tolerance) if judge.value else None,
    )
