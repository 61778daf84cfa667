"""The rollout: a durable function, what it may do, and the rule that starts it."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.rollout.durable_function import DurableFunction, executions_of, notify_of_lost_executions
from infra.rollout.runtime.orchestrator.run import RolloutTarget
from infra.shared.approval import may_only_reject
from infra.shared.arns import arn
from infra.shared.notifications import grant_publish_to_service
from infra.shared.policy import Statement, allow
from infra.shared.sagemaker_role import may_publish, package_arns
from infra.shared.tags import ENDPOINT_TAG
from slipway.metrics import decision_namespace
from slipway.settings.names import Names

LONGEST_DAYS = 14
"""Above the longest path, so that each wait ends in a rejection with a reason, and none in a timeout.

Three days for the lock, three days paused, and as long as a rollback takes that passes it; three hours of gates, a day
as a shadow and eight hours for adding it, eight of the update and eight of the restore: under ten days. A rollback is
neither paused nor rejected for waiting: those before it have the lock within three days or are rejected, and take seven
more; then it needs one day.
"""
_REQUEST = events.RuleTargetInput.from_object(
    {
        **{
            name: events.EventField.from_path(f"$.detail.{name}") for name in ("ModelPackageArn", "ModelApprovalStatus")
        },
        "DecidedAt": events.EventField.from_path("$.time"),
    }
)


class RolloutFunction(Construct):
    """Started by every approval and rejection in the registry group; may update one stack and compare its fleets.

    Attributes:
        function: the durable function.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        target: RolloutTarget,
        topic: sns.ITopic,
        calls: Sequence[str],
        statements: Sequence[Statement],
    ) -> None:
        super().__init__(scope, id_)
        self.function = DurableFunction(
            self,
            "Function",
            name=names.rollout_function,
            handler="handler",
            description=f"Rolls approved models out to {names.endpoint}",
            target=target,
            longest_days=LONGEST_DAYS,
            statements=[
                allow("lambda:GetDurableExecution", on=lock_holders(names, target)),
                allow("lambda:InvokeFunction", on=[target.function, *calls]),
                *may_change_endpoint(names),
                *_may_decide(names),
                *([may_publish(decision_namespace(names.endpoint))] if _publishes_decisions(target) else ()),
                *statements,
            ],
        )
        notify_of_lost_executions(
            self,
            f"The rollout of endpoint {names.endpoint}",
            topic=topic,
            function_name=names.rollout_function,
        )
        self._notify_of_undelivered(self._start_by_decisions(names), topic, names)

    def _start_by_decisions(self, names: Names) -> events.Rule:
        return events.Rule(
            self,
            "Decided",
            description=f"A package of {names.package_group} was approved, or rejected while it serves",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Package State Change"],
                # A rejection matters only of the package that serves; which one that is the execution finds out.
                detail={
                    "ModelPackageGroupName": [names.package_group],
                    "ModelApprovalStatus": ["Approved", "Rejected"],
                },
            ),
            targets=[targets.LambdaFunction(self.function.alias, event=_REQUEST)],
        )

    def _notify_of_undelivered(self, rule: events.Rule, topic: sns.ITopic, names: Names) -> None:
        """EventBridge tries for a day to hand an event to Lambda, and then drops it."""
        grant_publish_to_service(topic, "cloudwatch", arn("cloudwatch", f"alarm:{names.endpoint}-rollout-undelivered"))
        cloudwatch.CfnAlarm(
            self,
            "Undelivered",
            alarm_name=f"{names.endpoint}-rollout-undelivered",
            alarm_description=(
                f"An approval or rejection in {names.package_group} did not reach {names.rollout_function}; "
                "see `slipway rollout status`, and approve or reject again"
            ),
            namespace="AWS/Events",
            metric_name="FailedInvocations",
            dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="RuleName", value=rule.rule_name)],
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            threshold=0,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[topic.topic_arn],
        )


def lock_holders(names: Names, target: RolloutTarget) -> list[str]:
    """Whose executions may be in the queue for the lock."""
    experiments = [names.experiment_function] if target.most_challengers else []
    return [executions_of(name) for name in (names.rollout_function, names.schedule_function, *experiments)]


def _publishes_decisions(target: RolloutTarget) -> bool:
    """Where the canary analysis fails, the rollout publishes the decision that rolls back."""
    return bool(target.canary_analysis) and not target.proceeds


def may_change_endpoint(names: Names) -> list[Statement]:
    """Have the endpoint's stack name other packages, see what serves, and delete what served before."""
    endpoint_stack = arn("cloudformation", f"stack/{names.stack('endpoint')}/*")  # it ends in its generation
    return [
        # CloudFormation goes on with the role the stack was deployed with; none is passed.
        allow(
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResource",
            "cloudformation:DescribeStacks",
            "cloudformation:UpdateStack",
            on=[endpoint_stack],
        ),
        allow("sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", on=package_arns(names.package_group)),
        allow("sagemaker:DescribeEndpoint", on=[arn("sagemaker", f"endpoint/{names.endpoint}")]),
        # CloudFormation names these; the tag marks those of this endpoint.
        allow(
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:DescribeModel",
            "sagemaker:DeleteEndpointConfig",
            "sagemaker:DeleteModel",
            on=[arn("sagemaker", f"{kind}/*") for kind in ("endpoint-config", "model")],
            conditions={"StringEquals": {f"aws:ResourceTag/{ENDPOINT_TAG}": names.endpoint}},
        ),
    ]


def may_read_pause(names: Names) -> Statement:
    """Read whether rollouts are paused."""
    return allow("ssm:GetParameter", on=[arn("ssm", f"parameter{names.pause_parameter}")])  # it begins with a slash


def _may_decide(names: Names) -> list[Statement]:
    """Reject packages, and read whether rollouts are paused."""
    return [
        allow("sagemaker:UpdateModelPackage", on=package_arns(names.package_group)),
        may_only_reject(),
        may_read_pause(names),
    ]
