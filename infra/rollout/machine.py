"""The state machine, its role, and the rule that starts it."""

from functools import partial

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.rollout.definition import Gates, RolloutTarget, rollout_definition
from infra.rollout.hold import allow_hold
from infra.shared.approval import may_only_reject
from infra.shared.arns import arn
from infra.shared.failed_executions import fail_state_errors, notify_of_failed_executions
from infra.shared.logged_state_machine import logged_state_machine
from infra.shared.notifications import subscribe
from infra.shared.policy import grant
from infra.shared.sagemaker_role import may_publish, package_arns
from infra.shared.tags import ENDPOINT_TAG
from infra.shared.trust import STATE_MACHINES, state_machine_target
from slipway.metrics import decision_namespace
from slipway.settings import Settings

_DECISION = events.RuleTargetInput.from_object(
    {name: events.EventField.from_path(f"$.detail.{name}") for name in ("ModelPackageArn", "ModelApprovalStatus")}
)


class RolloutMachine(Construct):
    """Started by every approval and rejection in the registry group; may update one stack and judge one endpoint.

    Attributes:
        machine: the state machine.
        role: what it may do; gates add to it.
        topic: where each beginning and each end is published; whom the settings name hears of it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        key: kms.IKey,
        smoke_test: lambda_.IFunction,
        audit: lambda_.IFunction,
        judge: lambda_.IFunction | None = None,
        gates: Gates | None = None,
    ) -> None:
        super().__init__(scope, id_)
        names = self._names = settings.names
        self.topic = sns.Topic(self, "Verdicts", master_key=key, enforce_ssl=True)
        subscribe(self.topic, settings.monitoring.notify)
        # Not taken from the resource: its own role would then depend on it.
        self._arn = arn("states", f"stateMachine:{names.state_machine}")
        proceeds = settings.rollout.canary_analysis.without_evidence == "proceed"
        target = RolloutTarget(
            endpoint=names.endpoint,
            stack=names.stack("endpoint"),
            package_group=names.package_group,
            state_machine_arn=self._arn,
            smoke_test_arn=smoke_test.function_arn,
            audit_arn=audit.function_arn,
            topic_arn=self.topic.topic_arn,
            hold_parameter=names.hold_parameter,
            judge_arn=judge.function_arn if judge else None,
            judge_proceeds=proceeds,
            gates=gates,
            plan=settings.rollout.type.replace("_", " "),
            timeout_seconds=settings.rollout.timeout_seconds,
        )
        self.role = self._role([smoke_test, audit, *([judge] if judge else [])])
        if judge and not proceeds:  # in the place of a judge that is out of order
            self.role.add_to_policy(iam.PolicyStatement.from_json(may_publish(decision_namespace(names.endpoint))))
        definition = rollout_definition(target)
        self.machine = logged_state_machine(self, names.state_machine, definition, role=self.role)
        self._start_on_decision()
        notify_of_failed_executions(
            self,
            f"The rollout of endpoint {names.endpoint}",
            topic=self.topic,
            machines=[names.state_machine],
            published=fail_state_errors(definition),
        )

    def _role(self, functions: list[lambda_.IFunction]) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=STATE_MACHINES)
        allow = partial(grant, role)
        allow("states:ListExecutions", "states:StartExecution", on=[self._arn])
        executions = arn("states", f"execution:{self._names.state_machine}:*")
        allow("states:DescribeExecution", "states:GetExecutionHistory", on=[executions])
        # CloudFormation goes on with the role the stack was deployed with; none is passed.
        allow(
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResource",
            "cloudformation:DescribeStacks",
            "cloudformation:UpdateStack",
            on=[arn("cloudformation", f"stack/{self._stack_pattern}")],
        )
        allow(
            "sagemaker:DescribeModelPackage",
            "sagemaker:ListModelPackages",
            "sagemaker:UpdateModelPackage",
            on=package_arns(self._names.package_group),
        )
        role.add_to_policy(iam.PolicyStatement.from_json(may_only_reject()))
        allow(
            "sagemaker:DescribeEndpoint",
            on=[arn("sagemaker", f"endpoint/{self._names.endpoint}")],
        )
        # CloudFormation names these; the tag says which are this endpoint's.
        allow(
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:DescribeModel",
            "sagemaker:DeleteEndpointConfig",
            "sagemaker:DeleteModel",
            on=[arn("sagemaker", f"{kind}/*") for kind in ("endpoint-config", "model")],
            conditions={"StringEquals": {f"aws:ResourceTag/{ENDPOINT_TAG}": self._names.endpoint}},
        )
        allow_hold(role, parameter_name=self._names.hold_parameter)
        for function in functions:
            function.grant_invoke(role)
        self.topic.grant_publish(role)
        return role

    @property
    def _stack_pattern(self) -> str:
        return f"{self._names.stack('endpoint')}/*"  # a stack's ARN ends in its generation

    def _start_on_decision(self) -> None:
        """A rejection matters only of the package that serves; which one that is the execution finds out."""
        events.Rule(
            self,
            "Decided",
            description=f"A package of {self._names.package_group} was approved, or rejected while it serves",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Package State Change"],
                detail={
                    "ModelPackageGroupName": [self._names.package_group],
                    "ModelApprovalStatus": ["Approved", "Rejected"],
                },
            ),
            targets=[state_machine_target(self.machine, event_input=_DECISION)],
        )
