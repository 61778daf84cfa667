"""Principals for roles that a service assumes only on behalf of this account's own resources.

See https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
and https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
The roles of functions have no such condition.
"""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from infra.shared.arns import OWN_ACCOUNT, arn


def _acting_for(service: str, resources: str) -> iam.ServicePrincipal:
    conditions = {**OWN_ACCOUNT, "ArnLike": {"aws:SourceArn": arn(service, resources)}}
    return iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=conditions)


STATE_MACHINES = _acting_for("states", "stateMachine:*")
EVENT_RULES = _acting_for("events", "rule/*")


def state_machine_target(
    machine: sfn.StateMachine, *, event_input: events.RuleTargetInput | None = None
) -> targets.SfnStateMachine:
    """A rule's target that starts `machine` under a role of its own, with `event_input`, or with the whole event."""
    role = iam.Role(machine, "EventsRole", assumed_by=EVENT_RULES)
    return targets.SfnStateMachine(machine, role=role, input=event_input)
