"""Experiments on the endpoint: the durable function that follows them, what reads the rewards, and alarms."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.rollout.durable_function import DurableFunction, notify_of_lost_executions, versions_of
from infra.rollout.function import lock_holders, may_change_endpoint, may_read_pause
from infra.rollout.runtime.orchestrator.experiment import STOP
from infra.rollout.runtime.orchestrator.run import RolloutTarget
from infra.shared.arns import arn
from infra.shared.object_access import may_find, may_write
from infra.shared.policy import Statement, allow
from infra.shared.python_function import PythonFunction
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX, CHECKPOINT_PREFIX, OUTCOME_PREFIX
from slipway.metrics import CHALLENGER_VARIANT, SAGEMAKER_NAMESPACE
from slipway.settings import Settings
from slipway.settings.experiment import Experiment
from slipway.settings.names import Names

_LONGEST_DAYS = 366
"""Of an execution; the settings' longest time is half a year, and updates wait for rollouts."""
_LONGEST_POLL_MINUTES = 5
_POLL_MEMORY_MB = 1024
_ROLLOUT = ("__init__", "deployment", "deployment_config", "plan")


class ExperimentAnalysis(PythonFunction):
    """Reads what was answered and what came of it, and keeps a report; it can neither change nor invoke an endpoint.

    An experiment calls the version that it began with: its plan and what its earlier polls have kept are that one's.
    """

    def __init__(
        self, scope: Construct, id_: str, *, settings: Settings, experiment: Experiment, artifacts_bucket: s3.IBucket
    ) -> None:
        names = settings.names
        kept, reports = f"{CHECKPOINT_PREFIX}/{names.endpoint}/experiment/*", f"{names.experiment_prefix}*"
        captured = f"{CAPTURE_PREFIX}/{names.endpoint}/*"
        document = {
            "plan": experiment.plan().to_document(),
            "horizon_seconds": experiment.outcome_seconds,
            "bounds": (0.0, 1.0) if experiment.reward == "yes_no" else (experiment.least, experiment.greatest),
            "positive_label": settings.data.positive_label,
            "report_prefix": names.experiment_prefix,
        }
        super().__init__(
            scope,
            id_,
            source=Path(__file__).parent / "runtime" / "experiment_analysis",
            slipway=("errors.py", "metrics.py", "canary", "experiment", *(f"rollout/{name}.py" for name in _ROLLOUT)),
            description=f"Reads the rewards of experiments on {names.endpoint}",
            timeout=cdk.Duration.minutes(_LONGEST_POLL_MINUTES),
            memory_mb=_POLL_MEMORY_MB,
            environment={"EXPERIMENT": json.dumps(document), "ARTIFACTS_BUCKET": artifacts_bucket.bucket_name},
            statements=[
                *may_find(artifacts_bucket, captured, f"{OUTCOME_PREFIX}/*", kept),
                *may_write(artifacts_bucket, kept, reports),
            ],
            keeps_versions=True,
        )


class ExperimentFunction(Construct):
    """Started by the command line; may move the weights of one endpoint, and add challengers by one stack's parameters.

    Attributes:
        function: the durable function.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        experiment: Experiment,
        artifacts_bucket: s3.IBucket,
        target: RolloutTarget,
        topic: sns.ITopic,
        calls: Sequence[lambda_.IFunction],
        statements: Sequence[Statement],
    ) -> None:
        super().__init__(scope, id_)
        names = settings.names
        analysis = ExperimentAnalysis(
            self, "Analysis", settings=settings, experiment=experiment, artifacts_bucket=artifacts_bucket
        )
        called = [target.function, *(each.function_arn for each in calls), *versions_of(analysis)]
        self.function = DurableFunction(
            self,
            "Function",
            name=names.experiment_function,
            handler="experiment",
            description=f"Follows experiments on {names.endpoint}",
            target=replace(target, experiment_analysis=analysis.current_version.function_arn),
            longest_days=_LONGEST_DAYS,
            statements=[
                allow("lambda:GetDurableExecution", on=lock_holders(names, target)),
                allow("lambda:InvokeFunction", on=called),
                allow(
                    "sagemaker:UpdateEndpointWeightsAndCapacities", on=[arn("sagemaker", f"endpoint/{names.endpoint}")]
                ),
                *may_change_endpoint(names),
                may_read_pause(names),
                *statements,
            ],
        )
        notify_of_lost_executions(
            self,
            f"The experiment on endpoint {names.endpoint}",
            topic=topic,
            function_name=names.experiment_function,
        )
        self._stop_by_alarms(settings, experiment)

    def _stop_by_alarms(self, settings: Settings, experiment: Experiment) -> None:
        """A challenger that fails serves no users until the next poll: its alarm ends the experiment."""
        alarms = [
            _errors(self, settings, CHALLENGER_VARIANT.format(number))
            for number in range(1, experiment.challengers + 1)
        ]
        events.Rule(
            self,
            "Failing",
            description=f"A challenger on {settings.names.endpoint} fails more requests than are allowed",
            event_pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={
                    "alarmName": [alarm.alarm_name for alarm in alarms],
                    "state": {"value": ["ALARM"]},
                },
            ),
            targets=[
                targets.LambdaFunction(
                    self.function.alias,
                    event=events.RuleTargetInput.from_object(
                        {
                            "action": STOP,
                            "reason": events.EventField.from_path("$.detail.alarmName"),
                        }
                    ),
                )
            ],
        )


def _errors(scope: Construct, settings: Settings, variant: str) -> cloudwatch.CfnAlarm:
    """SageMaker counts an error as 1 and every other request as 0, so their mean is the share of errors."""
    rollout, endpoint = settings.rollout, settings.names.endpoint
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    return cloudwatch.CfnAlarm(
        scope,
        f"Errors-{variant}",
        alarm_name=alarm_name(settings.names, variant),
        alarm_description=f"More than {rollout.max_error_percent:g} % of the responses of {variant} are errors",
        namespace=SAGEMAKER_NAMESPACE,
        metric_name="InvocationModelErrors",
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name=n, value=v) for n, v in dimensions.items()],
        statistic="Average",
        period=rollout.alarm_period_seconds,
        evaluation_periods=rollout.alarm_periods,
        threshold=rollout.error_percent_alone / 100,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
    )


def alarm_name(names: Names, variant: str) -> str:
    """Of the alarm that ends an experiment."""
    return f"{names.endpoint}-{variant}-errors"
