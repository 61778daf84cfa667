"""Drift starts the training pipeline: at most one run at a time, and one start in so many hours."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.logged_state_machine import LoggedStateMachine
from infra.shared.trust import STATE_MACHINES, state_machine_target
from slipway.settings.names import Names
from slipway.training.parameters import DATA_FINGERPRINT

DEFINITION = Path(__file__).with_name("retraining.asl.json")


class Retraining(Construct):
    """A state machine between the drift alarms and the pipeline.

    An alarm that flaps would start a run each time, and one report may raise several alarms: so nothing is started when
    anyone started a run within the pause. What the run registers waits for approval like any other package.

    Attributes:
        machine: the state machine.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, pause_hours: int, alarm_names: list[str]) -> None:
        super().__init__(scope, id_)
        role = iam.Role(self, "Role", assumed_by=STATE_MACHINES)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"],
                resources=[arn("sagemaker", f"pipeline/{names.pipeline}")],
            )
        )
        self.machine = LoggedStateMachine(
            self,
            "Machine",
            name=names.retraining_machine,
            definition=DEFINITION,
            substitutions=substitutions(names.pipeline, pause_hours=pause_hours),
            role=role,
        )
        events.Rule(
            self,
            "Drifted",
            description=f"Drift of {names.endpoint} starts its training pipeline",
            event_pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={"alarmName": alarm_names, "state": {"value": ["ALARM"]}},
            ),
            targets=[state_machine_target(self.machine)],
        )


def substitutions(pipeline: str, *, pause_hours: int) -> Mapping[str, str]:
    """The placeholders of the definition."""
    return {"PipelineName": pipeline, "PauseHours": str(pause_hours), "DataFingerprint": DATA_FINGERPRINT}
