"""What people are told of: an encrypted topic, and the rules that feed it."""

from collections.abc import Iterable
from functools import cache

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct, IDependable

from infra.shared.arns import OWN_ACCOUNT, arn
from infra.shared.once import asked_once

_ENDED = ("Succeeded", "Failed", "Stopped")
_STATUS, _EXECUTION = (
    events.EventField.from_path(f"$.detail.{name}")
    for name in ("currentPipelineExecutionStatus", "pipelineExecutionArn")
)
_publisher = cache(iam.ServicePrincipal)


@asked_once("topic_arn")
class Notices(sns.Topic):
    """Takes the end of every run of one training pipeline, and every alarm that is pointed at it."""

    def __init__(
        self, scope: Construct, id_: str, *, key: kms.IKey, pipeline_name: str, addresses: tuple[str, ...]
    ) -> None:
        super().__init__(scope, id_, master_key=key, enforce_ssl=True)
        subscribe(self, addresses)
        # A topic with a policy of its own has lost the usual one, by which the account's alarms may publish.
        self.let_in("cloudwatch", arn("cloudwatch", "alarm:*"))
        pipeline = arn("sagemaker", f"pipeline/{pipeline_name}")
        events.Rule(
            self,
            "TrainingEnded",
            description=f"A run of the training pipeline {pipeline_name} has ended",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Building Pipeline Execution Status Change"],
                detail={"currentPipelineExecutionStatus": list(_ENDED), "pipelineArn": [pipeline]},
            ),
            targets=[
                targets.SnsTopic(
                    self,
                    message=events.RuleTargetInput.from_text(
                        f"Training pipeline {pipeline_name}: {_STATUS}, {_EXECUTION}"
                    ),
                )
            ],
        )

    def let_in(self, service: str, source_arn: str) -> IDependable:
        """Let a service of this account publish for the resources that match; wait for what is returned."""
        added = self.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[_publisher(f"{service}.amazonaws.com")],
                resources=[self.topic_arn],
                conditions={**OWN_ACCOUNT, "ArnLike": {"aws:SourceArn": source_arn}},
            )
        )
        if added.policy_dependable is None:
            raise ValueError(f"topic {self.node.path} must hold a policy of its own")
        return added.policy_dependable


def subscribe(topic: sns.Topic, addresses: Iterable[str]) -> None:
    """Send what is published to each address; AWS asks it by mail to confirm before the first notice."""
    for address in addresses:
        topic.add_subscription(subscriptions.EmailSubscription(address))
