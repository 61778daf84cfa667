"""The topic that people subscribe to, and the rules that publish to it."""

from collections.abc import Iterable

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct, IDependable

from infra.shared.arns import OWN_ACCOUNT, arn

_ENDED = ("Succeeded", "Failed", "Stopped")
_STATUS, _EXECUTION = (
    events.EventField.from_path(f"$.detail.{name}")
    for name in ("currentPipelineExecutionStatus", "pipelineExecutionArn")
)


class NotificationTopic(sns.Topic):
    """Publishes the end of every run of one training pipeline, and every alarm that has it as an action; encrypted."""

    def __init__(
        self, scope: Construct, id_: str, *, key: kms.IKey, pipeline_name: str, addresses: tuple[str, ...]
    ) -> None:
        super().__init__(scope, id_, master_key=key, enforce_ssl=True)
        subscribe(self, addresses)
        # A topic with a policy of its own loses the default one, which lets the account's alarms publish.
        grant_publish_to_service(self, "cloudwatch", arn("cloudwatch", "alarm:*"))
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


def grant_publish_to_service(topic: sns.ITopic, service: str, source_arn: str) -> IDependable:
    """Let a service of this account publish for the resources that match; the result is what to depend on."""
    added = topic.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sns:Publish"],
            principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
            resources=[topic.topic_arn],
            conditions={**OWN_ACCOUNT, "ArnLike": {"aws:SourceArn": source_arn}},
        )
    )
    if added.policy_dependable is None:
        raise ValueError(f"topic {topic.node.path} must have a policy of its own")
    return added.policy_dependable


def subscribe(topic: sns.Topic, addresses: Iterable[str]) -> None:
    """Subscribe each mail address; it receives nothing until its owner has confirmed the subscription."""
    for address in addresses:
        topic.add_subscription(subscriptions.EmailSubscription(address))
