"""Lambda's durable executions, with AWS's own SDK in the function."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.ministack.durable_executions import MOST_OPERATIONS, MOST_PAYLOAD_BYTES, DurableExecutions
from rehearsal.cloud.ministack.events import EventBus
from rehearsal.cloud.ministack.serving_loop import ServingLoop
from tests.durable_code import archive_of_code
from tests.rehearsal.cloud.process import CloudProcess, eventually

ROLE = "arn:aws:iam::000000000000:role/durable"
CODE = """
import json, os, pathlib, time
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision

VERSION = %(version)r


@durable_execution
def handler(event, context):
    folder = pathlib.Path(event["folder"])

    def once(_):
        with (folder / "calls").open("a") as calls:
            calls.write("x")
        return event["n"]

    n = context.step(once, name="once")

    def check(state, _):
        return {"polls": state["polls"] + 1}

    def decide(state, _):
        if state["polls"] >= event["polls"] or (folder / "go").exists():
            return WaitForConditionDecision.stop_polling()
        return WaitForConditionDecision.continue_waiting(Duration.from_seconds(6))

    polled = context.wait_for_condition(check, WaitForConditionConfig(decide, {"polls": 0}), name="poll")
    context.wait(Duration.from_seconds(30), name="bake")
    if event.get("callback"):
        callback = context.create_callback(name="person", config=CallbackConfig(timeout=Duration.from_days(14)))
        said = callback.result()
    else:
        said = None
    if (folder / "die").exists():
        (folder / "die").unlink()
        os._exit(1)
    if event.get("fails"):
        raise ValueError("by itself")
    return {"n": n, "polls": polled["polls"], "said": said, "version": VERSION}
"""


def code(version: str) -> bytes:
    return archive_of_code({"index.py": CODE % {"version": version}})


class Function:
    """A durable function with an alias, and a rule that starts it."""

    def __init__(self, cloud: CloudProcess) -> None:
        self.cloud, self.client = cloud, cloud("lambda")
        self.client.create_function(
            FunctionName="durable",
            Runtime="python3.13",
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": code("one")},
            Timeout=60,
            DurableConfig={"ExecutionTimeout": 14 * 86_400, "RetentionPeriodInDays": 7},
        )
        version = self.client.publish_version(FunctionName="durable")["Version"]
        self.client.create_alias(FunctionName="durable", Name="live", FunctionVersion=version)
        self.queue = cloud("sqs").create_queue(QueueName="ends")["QueueUrl"]
        arn = cloud("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        events = cloud("events")
        events.put_rule(Name="ends", EventPattern=json.dumps({"detail-type": ["Durable Execution Status Change"]}))
        events.put_targets(Rule="ends", Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])

    def start(self, name: str = "", **event: Any) -> str:
        given = {"DurableExecutionName": name} if name else {}
        started = self.client.invoke(
            FunctionName="durable", Qualifier="live", InvocationType="Event", Payload=json.dumps(event), **given
        )
        return str(started["DurableExecutionArn"])

    def ended(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = eventually(
            lambda: (
                (reported := self.client.get_durable_execution(DurableExecutionArn=arn))["Status"] != "RUNNING"
                and reported
            )
        )
        return found

    def names(self, arn: str) -> list[str]:
        events = self.client.get_durable_execution_history(DurableExecutionArn=arn)["Events"]
        return [event["Name"] for event in events if event.get("Name")]

    def callback(self, arn: str) -> str:
        events = self.client.get_durable_execution_history(DurableExecutionArn=arn)["Events"]
        return next((e["CallbackStartedDetails"]["CallbackId"] for e in events if "CallbackStartedDetails" in e), "")

    def reported(self) -> list[tuple[str, str]]:
        answer = self.cloud("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        details = [json.loads(each["Body"])["detail"] for each in answer.get("Messages", ())]
        for each in answer.get("Messages", ()):
            self.cloud("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle=each["ReceiptHandle"])
        return [(detail["durableExecutionArn"], detail["status"]) for detail in details]


@pytest.fixture(scope="module")
def function(cloud: CloudProcess) -> Function:
    return Function(cloud)


def test_an_execution_keeps_its_state_from_poll_to_poll_and_does_no_step_twice(
    function: Function, tmp_path: Path
) -> None:
    arn = function.start(folder=str(tmp_path), n=7, polls=3)
    ended = function.ended(arn)
    assert ended["Status"] == "SUCCEEDED", ended.get("Error")
    assert json.loads(ended["Result"]) == {"n": 7, "polls": 3, "said": None, "version": "one"}
    assert (tmp_path / "calls").read_text() == "x"
    assert list(dict.fromkeys(function.names(arn))) == ["once", "poll", "bake"]


def test_an_event_starts_an_execution_of_the_alias(cloud: CloudProcess, function: Function, tmp_path: Path) -> None:
    events = cloud("events")
    events.put_rule(Name="starts", EventPattern=json.dumps({"source": ["mine"]}))
    arn = function.client.get_alias(FunctionName="durable", Name="live")["AliasArn"]
    events.put_targets(Rule="starts", Targets=[{"Id": "durable", "Arn": arn, "InputPath": "$.detail"}])
    detail = json.dumps({"folder": str(tmp_path), "n": 1, "polls": 1})
    events.put_events(Entries=[{"Source": "mine", "DetailType": "x", "Detail": detail}])
    eventually((tmp_path / "calls").exists)


def test_an_event_starts_nothing_by_the_unqualified_arn_or_an_unknown_alias(
    cloud: CloudProcess, function: Function, tmp_path: Path
) -> None:
    events, live = cloud("events"), function.client.get_alias(FunctionName="durable", Name="live")["AliasArn"]
    events.put_rule(Name="both", EventPattern=json.dumps({"source": ["both"]}))
    for folder, arn in (("bare", live.removesuffix(":live")), ("unknown", f"{live}ly"), ("qualified", live)):
        (tmp_path / folder).mkdir()
        given = json.dumps({"folder": str(tmp_path / folder), "n": 1, "polls": 1})
        events.put_targets(Rule="both", Targets=[{"Id": folder, "Arn": arn, "Input": given}])
    events.put_events(Entries=[{"Source": "both", "DetailType": "x", "Detail": "{}"}])
    eventually((tmp_path / "qualified" / "calls").exists)
    assert not [name for name in ("bare", "unknown") if (tmp_path / name / "calls").exists()]
    listed = function.client.get_paginator("list_durable_executions_by_function")
    for qualifier in ("$LATEST", "lively"):
        found = listed.paginate(FunctionName="durable", Qualifier=qualifier).search("DurableExecutions")
        assert list(found) == []


def test_a_process_that_ends_is_started_again_and_replays(function: Function, tmp_path: Path) -> None:
    (tmp_path / "die").touch()
    ended = function.ended(function.start(folder=str(tmp_path), n=2, polls=1))
    assert ended["Status"] == "SUCCEEDED"
    assert not (tmp_path / "die").exists()
    assert (tmp_path / "calls").read_text() == "x"


def test_an_execution_goes_on_with_the_version_that_it_began_with(function: Function, tmp_path: Path) -> None:
    arn = function.start(folder=str(tmp_path), n=3, polls=10_000)
    eventually(lambda: "poll" in function.names(arn))
    function.client.update_function_code(FunctionName="durable", ZipFile=code("two"))
    version = function.client.publish_version(FunctionName="durable")["Version"]
    function.client.update_alias(FunctionName="durable", Name="live", FunctionVersion=version)
    (tmp_path / "go").touch()
    assert json.loads(function.ended(arn)["Result"])["version"] == "one"
    younger = function.start(folder=str(tmp_path), n=3, polls=1)
    assert json.loads(function.ended(younger)["Result"])["version"] == "two"
    versions = [arn.rpartition("/durable-execution/")[0].rpartition(":")[2] for arn in (arn, younger)]
    listed = [
        each["DurableExecutionArn"]
        for each in function.client.list_durable_executions_by_function(FunctionName="durable", Qualifier=versions[1])[
            "DurableExecutions"
        ]
    ]
    assert listed == [younger]


def test_a_callback_ends_the_wait_for_a_person(function: Function, tmp_path: Path) -> None:
    arn = function.start(folder=str(tmp_path), n=4, polls=1, callback=True)
    callback = eventually(lambda: function.callback(arn))
    function.client.send_durable_execution_callback_success(CallbackId=callback, Result=json.dumps("go"))
    assert json.loads(json.loads(function.ended(arn)["Result"])["said"]) == "go"


def test_a_name_starts_one_execution(function: Function, tmp_path: Path) -> None:
    event = {"folder": str(tmp_path), "n": 5, "polls": 1}
    assert function.start("rollback-1", **event) == function.start("rollback-1", **event)
    with pytest.raises(ClientError) as refused:
        function.start("rollback-1", **{**event, "n": 6})
    for name in ("a" * 65, "rollback/1"):
        with pytest.raises(ClientError, match="must be 1 to 64 letters, digits, - and _"):
            function.start(name, **event)
    assert refused.value.response["Error"]["Code"] == "DurableExecutionAlreadyStartedException"


def test_every_end_is_an_event(function: Function, tmp_path: Path) -> None:
    stopped = function.start(folder=str(tmp_path), n=6, polls=10_000)
    failed = function.start(folder=str(tmp_path), n=6, polls=1, fails=True)
    assert function.ended(failed)["Error"]["ErrorMessage"] == "by itself"
    function.client.stop_durable_execution(DurableExecutionArn=stopped)
    assert function.ended(stopped)["Status"] == "STOPPED"
    found: set[tuple[str, str]] = set()
    wanted = {(stopped, "STOPPED"), (failed, "FAILED"), (failed, "RUNNING")}
    eventually(lambda: found.update(function.reported()) or wanted <= found)
    time.sleep(0.5)
    assert function.client.get_durable_execution(DurableExecutionArn=stopped)["Status"] == "STOPPED"


def test_a_durable_function_is_started_by_a_version_or_an_alias_and_not_waited_for(function: Function) -> None:
    with pytest.raises(ClientError, match="unqualified ARN"):
        function.client.invoke(FunctionName="durable", InvocationType="Event", Payload=b"{}")
    for unknown in ("lively", "99"):
        with pytest.raises(ClientError, match=f"Function not found: .*:durable:{unknown}"):
            function.client.invoke(FunctionName="durable", Qualifier=unknown, InvocationType="Event", Payload=b"{}")
    with pytest.raises(ClientError, match="asynchronously only"):
        function.client.invoke(FunctionName="durable", Qualifier="live", Payload=b"{}")


def test_an_execution_has_at_most_3000_operations_each_of_at_most_256_kib() -> None:
    loop = ServingLoop()
    executions = DurableExecutions(loop, EventBus(loop), speed=30)
    record: dict[str, Any] = {"Operations": [], "History": [], "DurableExecutionArn": "arn"}

    def update(number: int, payload: str = "1") -> dict[str, Any]:
        step = {"Id": str(number), "Type": "STEP", "Payload": payload}
        return {**step, "Action": "RETRY" if number else "START", "StepOptions": {"NextAttemptDelaySeconds": 1}}

    for _ in range(MOST_OPERATIONS):
        executions.apply_update(record, {**update(0), "Id": "one"})
    with pytest.raises(ValueError, match="at most 3000 operations"):
        executions.apply_update(record, update(1))
    with pytest.raises(ValueError, match="at most 262144 bytes"):
        executions.apply_update({"Operations": [], "History": []}, update(0, "x" * (MOST_PAYLOAD_BYTES + 1)))
