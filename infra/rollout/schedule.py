"""An endpoint that is there by day only: two schedules, and the small state machine that they start."""

import json

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.rollout.schedule_states import START, STOP, Stoppable, office_hours_definition
from infra.shared.arns import arn
from infra.shared.failed_executions import fail_state_errors, notify_of_failed_executions
from infra.shared.logged_state_machine import logged_state_machine
from infra.shared.sagemaker_role import package_arns
from infra.shared.trust import SCHEDULES, STATE_MACHINES
from slipway.settings.names import Names
from slipway.settings.schedule import EndpointSchedule


class OfficeHours(Construct):
    """May update one stack, read one registry group, and remember one package.

    Attributes:
        machine: the state machine; an operator may start it by hand, too.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        hours: EndpointSchedule,
        rollout_arn: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id_)
        target = Stoppable(
            endpoint=names.endpoint,
            stack=names.stack("endpoint"),
            remembered=names.stopped_parameter,
            rollout_arn=rollout_arn,
            topic_arn=topic.topic_arn,
        )
        role = self._role(names, rollout_arn)
        topic.grant_publish(role)
        definition = office_hours_definition(target)
        self.machine = logged_state_machine(self, names.office_hours_machine, definition, role=role)
        notify_of_failed_executions(
            self,
            f"The starting or stopping of endpoint {names.endpoint}",
            topic=topic,
            machines=[names.office_hours_machine],
            published=fail_state_errors(definition),
        )
        starter = self._starter()
        for action, expression in ((START, hours.start), (STOP, hours.stop)):
            self._schedule(names, action, expression, hours.timezone, starter)

    def _role(self, names: Names, rollout_arn: str) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=STATE_MACHINES)
        # A stack's ARN ends in its generation. No role is passed: CloudFormation goes on with the stack's own.
        endpoint_stack = arn("cloudformation", f"stack/{names.stack('endpoint')}/*")
        for actions, resources in (
            (["states:ListExecutions"], [rollout_arn]),
            (["cloudformation:DescribeStacks", "cloudformation:UpdateStack"], [endpoint_stack]),
            (["sagemaker:DescribeModelPackage"], package_arns(names.package_group)),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
        allow_memory(role, names)
        return role

    def _starter(self) -> iam.Role:
        role = iam.Role(self, "Starter", assumed_by=SCHEDULES)
        self.machine.grant_start_execution(role)
        return role

    def _schedule(self, names: Names, action: str, expression: str, timezone: str, role: iam.Role) -> None:
        schedule = scheduler.CfnSchedule(
            self,
            action.title(),
            description=f"Brings the endpoint {names.endpoint} to its {action}",
            schedule_expression=expression,
            schedule_expression_timezone=timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.machine.state_machine_arn, role_arn=role.role_arn, input=json.dumps({"action": action})
            ),
        )
        schedule.node.add_dependency(role)


def allow_memory(role: iam.Role, names: Names) -> None:
    """Let `role` read and write what is remembered of a stopped endpoint."""
    parameter = arn("ssm", f"parameter{names.stopped_parameter}")  # whose name begins with the slash
    role.add_to_policy(iam.PolicyStatement(actions=["ssm:GetParameter", "ssm:PutParameter"], resources=[parameter]))
