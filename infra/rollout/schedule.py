"""An endpoint that is there by day only: two schedules, and the durable function that they start."""

from collections.abc import Sequence

from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.rollout.durable_function import DurableFunction, notify_of_lost_executions
from infra.rollout.function import lock_holders
from infra.rollout.runtime.orchestrator.run import RolloutTarget
from infra.rollout.runtime.orchestrator.schedule import START, STOP
from infra.shared.arns import arn
from infra.shared.notifications import grant_publish_to_service
from infra.shared.policy import Statement, allow
from infra.shared.sagemaker_role import package_arns
from infra.shared.schedule_group import ScheduleGroup, alarm_on_undelivered
from slipway.rollout.steps import ALIAS
from slipway.settings.names import Names
from slipway.settings.schedule import EndpointSchedule

_LONGEST_DAYS = 1
"""Two hours for the lock, two for the stack, and its update."""


class DailySchedule(Construct):
    """May update one stack, read one registry group, and record one package.

    Attributes:
        function: the durable function; an operator may start it by hand, too.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        schedule: EndpointSchedule,
        target: RolloutTarget,
        topic: sns.ITopic,
        statements: Sequence[Statement],
    ) -> None:
        super().__init__(scope, id_)
        self.function = DurableFunction(
            self,
            "Function",
            name=names.schedule_function,
            handler="schedule",
            description=f"Stops and starts {names.endpoint} by its timetable",
            target=target,
            longest_days=_LONGEST_DAYS,
            statements=[*_may_stop_and_start(names, target), *statements],
        )
        notify_of_lost_executions(
            self,
            f"The starting or stopping of endpoint {names.endpoint}",
            topic=topic,
            function_name=names.schedule_function,
        )
        self._start_by(schedule, names)
        alarm = f"{names.endpoint}-schedule-undelivered"
        grant_publish_to_service(topic, "cloudwatch", arn("cloudwatch", f"alarm:{alarm}"))
        alarm_on_undelivered(
            self,
            "Undelivered",
            group_name=names.schedule_function,
            alarm_name=alarm,
            description=f"A start or stop of endpoint {names.endpoint} did not reach {names.schedule_function}",
            topic=topic,
        )

    def _start_by(self, schedule: EndpointSchedule, names: Names) -> None:
        function = arn("lambda", f"function:{names.schedule_function}:{ALIAS}")
        group = ScheduleGroup(
            self, "Schedules", name=names.schedule_function, may_start=allow("lambda:InvokeFunction", on=[function])
        )
        for action, expression in ((START, schedule.start), (STOP, schedule.stop)):
            group.add_schedule(
                action.title(),
                target_arn=self.function.alias.function_arn,
                event={"action": action},
                expression=expression,
                description=f"Brings the endpoint {names.endpoint} to its {action}",
                timezone=schedule.timezone,
            )


def _may_stop_and_start(names: Names, target: RolloutTarget) -> list[Statement]:
    # No role is passed: CloudFormation goes on with the stack's own.
    endpoint_stack = arn("cloudformation", f"stack/{names.stack('endpoint')}/*")
    return [
        allow("lambda:GetDurableExecution", on=lock_holders(names, target)),
        allow("cloudformation:DescribeStacks", "cloudformation:UpdateStack", on=[endpoint_stack]),
        allow("sagemaker:DescribeModelPackage", on=package_arns(names.package_group)),
        may_record_stopped(names),
    ]


def may_record_stopped(names: Names) -> Statement:
    """Read and write which package the schedule has stopped."""
    parameter = arn("ssm", f"parameter{names.stopped_parameter}")  # whose name begins with the slash
    return allow("ssm:GetParameter", "ssm:PutParameter", on=[parameter])
