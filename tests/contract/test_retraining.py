"""Drift starts training on the embedded AWS: one run, however many alarms there are and however often they flap."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from infra.monitoring.retraining import DEFINITION, substitutions
from infra.monitoring.stack import MonitoringStack
from pipeline_steps.monitoring.bias import Bias
from pipeline_steps.monitoring.bias_metrics import BiasEstimate
from pipeline_steps.monitoring.findings import Findings
from pipeline_steps.monitoring.monitoring_environment import MonitoringEnvironment
from pipeline_steps.monitoring.monitoring_metrics import emit
from slipway.settings import Settings, load_settings
from tests.infra.asl_files import substituted
from tests.rehearsal.cloud.process import PROJECT, CloudProcess, eventually
from tests.rehearsal.cloud.stacks import deploy, outputs

PIPELINE = "drifting"
CLOUD_OPTIONS = ("--speed", "1000")
NOTHING = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [
    {"Name": "DataFingerprint", "Type": "String"},
], "Steps": [{
    "Name": "Gate",
    "Type": "Condition",
    "Arguments": {
        "Conditions": [{"Type": "Equals", "LeftValue": "1", "RightValue": "1"}], "IfSteps": [], "ElseSteps": [],
    },
}]}  # fmt: skip


def definition(pipeline: str, *, pause_hours: int = 24) -> dict[str, Any]:
    return substituted(DEFINITION, substitutions(pipeline, pause_hours=pause_hours))


@pytest.fixture(scope="module")
def machine(cloud: CloudProcess) -> str:
    """The deployed state machine's ARN; its pipeline is there and was never run."""
    cloud("sagemaker").create_pipeline(
        PipelineName=PIPELINE,
        PipelineDefinition=json.dumps(NOTHING),
        RoleArn="arn:aws:iam::000000000000:role/pipeline",
        ClientRequestToken="t" * 32,
    )
    made = cloud("stepfunctions").create_state_machine(
        name="retraining",
        definition=json.dumps(definition(PIPELINE)),
        roleArn="arn:aws:iam::000000000000:role/retraining",
    )
    arn: str = made["stateMachineArn"]
    return arn


def run(cloud: CloudProcess, machine: str) -> None:
    execution = cloud("stepfunctions").start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def ended() -> bool:
        found = cloud("stepfunctions").describe_execution(executionArn=execution)
        assert found["status"] in {"RUNNING", "SUCCEEDED"}, found
        return bool(found["status"] == "SUCCEEDED")

    eventually(ended)


def test_the_first_alarm_starts_a_run_and_later_ones_within_the_pause_do_not(cloud: CloudProcess, machine: str) -> None:
    for _ in range(3):
        run(cloud, machine)
    found = cloud("sagemaker").list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"]
    assert [summary["PipelineExecutionDescription"] for summary in found] == ["started by drift"]


def test_a_run_after_drift_takes_nothing_of_another_pause_from_the_step_cache(
    cloud: CloudProcess, machine: str
) -> None:
    run(cloud, machine)
    (found,) = runs(cloud, PIPELINE)
    given = cloud("sagemaker").list_pipeline_parameters_for_execution(
        PipelineExecutionArn=found["PipelineExecutionArn"]
    )
    (fingerprint,) = given["PipelineParameters"]
    pause = int(fingerprint["Value"].removeprefix(f"{PIPELINE}-started-by-drift-in-pause-"))
    assert pause == pytest.approx(time.time() / 86400, abs=1)


def test_a_start_that_is_refused_fails_the_execution(cloud: CloudProcess, tmp_path: Path) -> None:
    states = cloud("stepfunctions")
    text = json.dumps(definition("absent"))
    machine = states.create_state_machine(
        name="retraining-nothing",
        definition=text.replace('"MaxAttempts": 4', '"MaxAttempts": 0'),
        roleArn="arn:aws:iam::000000000000:role/retraining",
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    ended = eventually(
        lambda: (found := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and found
    )
    assert ended["status"] == "FAILED"


def test_alarms_that_have_not_seen_each_others_start_share_one_run(cloud: CloudProcess, machine: str) -> None:
    cloud("sagemaker").create_pipeline(
        PipelineName="drifting-at-once",
        PipelineDefinition=json.dumps(NOTHING),
        RoleArn="arn:aws:iam::000000000000:role/pipeline",
        ClientRequestToken="s" * 32,
    )
    blind = json.dumps(definition("drifting-at-once", pause_hours=720)).replace("$recentRuns > 0", "false")
    states = cloud("stepfunctions")
    made = states.create_state_machine(
        name="retraining-blind", definition=blind, roleArn="arn:aws:iam::000000000000:role/retraining"
    )["stateMachineArn"]
    for _ in range(3):
        run(cloud, made)
    assert len(runs(cloud, "drifting-at-once")) == 1


WATCHED = """
[stages.dev.monitoring]
schedule = "cron(0 * ? * * *)"
retrain = true
min_ndcg = 0.9
[[stages.dev.monitoring.bias]]
column = "Weekend"
values = ["TRUE"]
metrics = { DPPL = 0.1, RD = 0.1 }
"""


def runs(cloud: CloudProcess, pipeline: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud("sagemaker").list_pipeline_executions(PipelineName=pipeline)[
        "PipelineExecutionSummaries"
    ]
    return found


def _publish_assets(cloud: CloudProcess, manifest: Path) -> None:
    """Upload files to the bucket of `cdk bootstrap`, as the CDK CLI does before it deploys."""
    for asset in json.loads(manifest.read_text())["files"].values():
        (place,) = asset["destinations"].values()
        bucket, key = (place[name].replace("${AWS::Partition}", "aws") for name in ("bucketName", "objectKey"))
        if bucket not in {each["Name"] for each in cloud("s3").list_buckets()["Buckets"]}:
            cloud("s3").create_bucket(Bucket=bucket)
        cloud("s3").put_object(Bucket=bucket, Key=key, Body=(manifest.parent / asset["source"]["path"]).read_bytes())


class UseCase:
    """The monitoring stack of a use case as it is deployed, its pipeline, and what its monitoring job writes."""

    def __init__(self, cloud: CloudProcess, settings: Settings) -> None:
        self.cloud, self.names = cloud, settings.names
        cloud("sagemaker").create_pipeline(
            PipelineName=self.names.pipeline,
            PipelineDefinition=json.dumps(NOTHING),
            RoleArn="arn:aws:iam::000000000000:role/pipeline",
            ClientRequestToken=f"{settings.names.pipeline:t<32}",
        )
        env = cdk.Environment(account="000000000000", region="us-east-1")
        app = cdk.App(analytics_reporting=False)
        key = kms.Key.from_key_arn(
            cdk.Stack(app, "storage", env=env), "Key", "arn:aws:kms:us-east-1:000000000000:key/any"
        )
        stack = MonitoringStack(app, self.names.stack("monitoring"), env=env, settings=settings, key=key)
        assembly = Path(app.synth().directory)
        _publish_assets(cloud, assembly / f"{stack.stack_name}.assets.json")
        template = json.loads((assembly / stack.template_file).read_text())
        outputs(deploy(cloud, stack.stack_name, template["Resources"]))

    def machine(self) -> str:
        machines = self.cloud("stepfunctions").list_state_machines()["stateMachines"]
        (arn,) = [each["stateMachineArn"] for each in machines if each["name"] == self.names.retraining_machine]
        return str(arn)

    def notices(self) -> Callable[[], list[str]]:
        """Subscribe to the stack's topic; gives what fetches the messages that have come since."""
        sqs, resource = self.cloud("sqs"), {"StackName": self.names.stack("monitoring")}
        rows = self.cloud("cloudformation").list_stack_resources(**resource)["StackResourceSummaries"]
        (topic,) = [row["PhysicalResourceId"] for row in rows if row["ResourceType"] == "AWS::SNS::Topic"]
        queue = sqs.create_queue(QueueName=f"{self.names.prefix}-reported")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.cloud("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        def received() -> list[str]:
            messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ())
            return [json.loads(message["Body"])["Message"] for message in messages]

        return received

    def job_finds(self, *, bias: Sequence[Bias] = (), worse: int | None = None, ndcg: float | None = None) -> None:
        """Write the log of a job whose report has a violation, at the least of the data."""
        violation = {"feature_name": "Weekend", "constraint_check_type": "missing_column_check", "description": "gone"}
        findings = Findings({}, [violation], {}, 600, 600, {}, worse, left_out=0, bias=bias, ndcg=ndcg)
        dimensions = {"Endpoint": self.names.endpoint, "MonitoringSchedule": self.names.monitoring_schedule}
        schedule = MonitoringEnvironment(Path(), Path(), None, None, None, publishes=False, dimensions=dimensions)
        lines: list[str] = []
        now = round(time.time() * 1000)
        emit(findings, schedule, write=lines.append, timestamp_ms=now)
        logs, group, stream = self.cloud("logs"), f"/jobs/{self.names.prefix}", str(now)
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def alarmed(self, *names: str) -> None:
        """Wait until the job's alarms of these names, and no others, are in ALARM."""
        watch, prefix = self.cloud("cloudwatch"), f"{self.names.endpoint}-"

        def found() -> bool:
            alarms = watch.describe_alarms(AlarmNamePrefix=prefix, StateValue="ALARM")["MetricAlarms"]
            return {alarm["AlarmName"] for alarm in alarms} == {f"{prefix}monitor-{name}" for name in names}

        eventually(found)

    def asked_for(self, times: int) -> bool:
        """Whether the state machine has ended so often."""
        states = self.cloud("stepfunctions")
        found = states.list_executions(stateMachineArn=self.machine())["executions"]
        assert {each["status"] for each in found} <= {"RUNNING", "SUCCEEDED"}, found
        assert len(found) <= times
        return [each["status"] for each in found] == ["SUCCEEDED"] * times


@pytest.fixture
def deployed(cloud: CloudProcess, tmp_path: Path) -> Callable[[str], UseCase]:
    def make(name: str) -> UseCase:
        file = tmp_path / "watched.toml"
        shipped = (PROJECT / "config" / "shoppers.toml").read_text()
        file.write_text(shipped.replace('name = "shoppers"', f'name = "{name}"') + WATCHED)
        return UseCase(cloud, load_settings(file, "dev"))

    return make


def drifted(metric: str) -> Bias:
    return Bias("Weekend", "TRUE", metric, BiasEstimate(0.5, 0.01), BiasEstimate(0.0), 0.1, 600)


@pytest.mark.parametrize(
    ("alarm", "found"),
    [
        ("quality", {"worse": 1}),
        ("bias", {"bias": [drifted("DPPL")]}),
        ("labelled-bias", {"bias": [drifted("RD")]}),
        ("attribution", {"ndcg": 0.5}),
    ],
)
def test_drift_that_the_monitoring_job_finds_starts_a_run(
    deployed: Callable[[str], UseCase], alarm: str, found: dict[str, Any]
) -> None:
    case = deployed(f"{alarm}-case")
    case.job_finds(**found)
    case.alarmed("violations", alarm)
    (started,) = eventually(lambda: runs(case.cloud, case.names.pipeline))
    assert started["PipelineExecutionDescription"] == "started by drift"


def test_data_that_breaks_constraints_starts_none_and_all_drift_together_one(
    deployed: Callable[[str], UseCase],
) -> None:
    case = deployed("together")
    case.job_finds(worse=0, bias=[Bias("Weekend", "TRUE", "RD", None, BiasEstimate(0.0), 0.1, 0)], ndcg=1.0)
    case.alarmed("violations")
    case.job_finds(worse=2, bias=[drifted("DPPL"), drifted("RD")], ndcg=0.5)
    case.alarmed("violations", "quality", "bias", "labelled-bias", "attribution")
    eventually(lambda: case.asked_for(4))  # not 5: violations alone asked for nothing
    assert len(runs(case.cloud, case.names.pipeline)) == 1


def test_a_retraining_that_cannot_start_is_in_the_notices(deployed: Callable[[str], UseCase]) -> None:
    case = deployed("refused")
    received, states = case.notices(), case.cloud("stepfunctions")
    refused = {"Type": "Fail", "Error": "SageMaker.ResourceLimitExceededException", "Cause": "no quota left"}
    states.update_state_machine(
        stateMachineArn=case.machine(), definition=json.dumps({"StartAt": "Start", "States": {"Start": refused}})
    )
    execution = states.start_execution(stateMachineArn=case.machine(), input="{}")["executionArn"]
    (message,) = eventually(received)
    assert message.strip('"') == (
        f"Monitoring or retraining of {case.names.endpoint} ended FAILED, needs attention: {execution} "
        "(SageMaker.ResourceLimitExceededException: no quota left)"
    )
