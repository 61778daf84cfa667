"""Drift starts the training pipeline: at most one run at a time, and one start in so many hours."""

from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.logged_state_machine import logged_state_machine
from infra.shared.trust import STATE_MACHINES, state_machine_target
from slipway.settings.names import Names
from slipway.training.parameters import DATA_FINGERPRINT

STARTED_BY = "started by drift"
"""The description of the runs that are started here."""


class Retraining(Construct):
    """A small state machine between the drift alarms and the pipeline.

    An alarm that flaps would start a run each time, and one report may raise several: so nothing is started when a run
    was started within the pause, whoever did. What the run registers waits for approval like any other package.

    Attributes:
        machine: the state machine.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, pause_hours: int, alarm_names: list[str]) -> None:
        super().__init__(scope, id_)
        pipeline = arn("sagemaker", f"pipeline/{names.pipeline}")
        role = iam.Role(self, "Role", assumed_by=STATE_MACHINES)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"], resources=[pipeline]
            )
        )
        definition = retraining_definition(names.pipeline, pause_hours=pause_hours)
        self.machine = logged_state_machine(self, names.retraining_machine, definition, role=role)
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


def retraining_definition(pipeline: str, *, pause_hours: int) -> dict[str, Any]:
    """The state machine; in JSONata, which can reckon with times."""
    task, pause_ms = "arn:aws:states:::aws-sdk:sagemaker:", pause_hours * 3600 * 1000
    # The same for all alarms of one pause and no other pause: whoever starts a run, it is a new one.
    this_pause = f"{{% '{pipeline}-started-by-drift-in-pause-' & $string($floor($millis() / {pause_ms})) %}}"
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 4, "BackoffRate": 2}]
    states = {
        # Two alarms at once should see each other's start; the list lags behind a little.
        "Settle": {"Type": "Wait", "Seconds": "{% $floor($random() * 30) + 5 %}", "Next": "ListRecent"},
        "ListRecent": {
            "Type": "Task",
            "Resource": f"{task}listPipelineExecutions",
            "Arguments": {
                "PipelineName": pipeline,
                "CreatedAfter": f"{{% $fromMillis($millis() - {pause_ms}) %}}",
                "MaxResults": 1,
            },
            "Assign": {"recent": "{% $count($states.result.PipelineExecutionSummaries) %}"},
            "Retry": retry,
            "Next": "WasThereOne",
        },
        "WasThereOne": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $recent > 0 %}", "Next": "NothingToDo"}],
            "Default": "Start",
        },
        "NothingToDo": {"Type": "Succeed", "Comment": f"A run was started in the last {pause_hours} hours"},
        "Start": {
            "Type": "Task",
            "Resource": f"{task}startPipelineExecution",
            "Arguments": {
                "PipelineName": pipeline,
                "PipelineExecutionDescription": STARTED_BY,
                # Where they do not, they ask for the same run: SageMaker starts one a token. A run that may follow
                # comes a whole pause later, and so has another.
                "ClientRequestToken": this_pause,
                # Drift is a reason to train even where the table is the old one: the step cache may not answer.
                "PipelineParameters": [{"Name": DATA_FINGERPRINT, "Value": this_pause}],
            },
            "Retry": retry,
            "End": True,
        },
    }
    return {
        "Comment": "Trains again after drift",
        "QueryLanguage": "JSONata",
        "StartAt": "Settle",
        "TimeoutSeconds": 900,
        "States": states,
    }
