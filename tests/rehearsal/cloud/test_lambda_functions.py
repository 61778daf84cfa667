"""Lambda functions in the embedded AWS."""

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.ministack.lambda_functions import MOST_ENVIRONMENT_BYTES
from tests.rehearsal.cloud.process import PROJECT, CloudProcess, eventually
from tests.rehearsal.cloud.stacks import deploy, reasons

HANDLER = """
import json, sys
from pathlib import Path
import slipway
from slipway.canary.statistics.evidence import Decision
from slipway.canary.statistics.streams import streams
import index

def handler(event, context):
    print(json.dumps(event["line"]))
    return {
        "decision": int(Decision(event["decision"])),
        "package": str(Path(slipway.__file__).parent),
        "function": str(Path(index.__file__).parent),
        "modules": sorted(name for name in sys.modules if name.startswith(("slipway.", "infra", "rehearsal"))),
    }
"""


DIES = """
import os, signal

def handler(event, context):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def bundle(source: str) -> bytes:
    """`index.py` and what of `slipway` it may import, as the deployed asset has it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as whole:
        whole.writestr("index.py", source)
        whole.write(PROJECT / "slipway" / "__init__.py", "slipway/__init__.py")
        for path in sorted((PROJECT / "slipway" / "canary").rglob("*.py")):
            whole.write(path, str(path.relative_to(PROJECT)))
    return archive.getvalue()


def make(cloud: CloudProcess, name: str, source: str = HANDLER, **more: Any) -> None:
    cloud("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/function",
        Handler="index.handler",
        Code={"ZipFile": bundle(source)},
        Timeout=30,
        **more,
    )


def invoke(cloud: CloudProcess, name: str, **event: Any) -> dict[str, Any]:
    answer = cloud("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, found
    return found


def test_a_function_imports_the_package_in_its_own_bundle(cloud: CloudProcess) -> None:
    make(cloud, "bundled")
    found = invoke(cloud, "bundled", decision=2, line="hello")
    assert found["decision"] == 2
    assert Path(found["package"]).parent == Path(found["function"])
    assert PROJECT not in Path(found["package"]).parents
    assert all(name.startswith("slipway.canary") for name in found["modules"]), found["modules"]


def test_embedded_metrics_in_its_log_reach_cloudwatch(cloud: CloudProcess) -> None:
    make(cloud, "counting")
    directive = {"Namespace": "Test/Functions", "Dimensions": [[]], "Metrics": [{"Name": "Looks", "Unit": "Count"}]}
    line = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, "Looks": 3}
    invoke(cloud, "counting", decision=0, line=line)
    asked = {"Namespace": "Test/Functions", "MetricName": "Looks"}
    assert eventually(lambda: cloud("cloudwatch").list_metrics(**asked)["Metrics"])


def test_the_log_of_an_invocation_is_there_when_it_has_answered_and_holds_nothing_else(cloud: CloudProcess) -> None:
    make(cloud, "logging")
    for line in ("one", "two"):
        invoke(cloud, "logging", decision=0, line=line)
    events = cloud("logs").filter_log_events(logGroupName="/aws/lambda/logging")["events"]
    kinds = ("START", "END", "REPORT")
    assert [event["message"] for event in events if not event["message"].startswith(kinds)] == ['"one"', '"two"']


def test_a_function_that_is_killed_before_it_answers_is_an_error_that_says_so(cloud: CloudProcess) -> None:
    make(cloud, "dying", DIES)
    answer = cloud("lambda").invoke(FunctionName="dying", Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    assert "died" in json.loads(answer["Payload"].read())["errorMessage"]


def test_a_function_has_at_most_4_kb_of_variables(cloud: CloudProcess) -> None:
    text = "x" * (MOST_ENVIRONMENT_BYTES - len("NAME"))
    fits, exceeds = ({"Variables": {"NAME": value}} for value in (text, f"{text}x"))
    refused = pytest.raises(ClientError, match=r"InvalidParameterValueException.* exceeded the 4KB limit")
    make(cloud, "full", Environment=fits)
    with refused:
        make(cloud, "too-full", Environment=exceeds)
    with refused:
        cloud("lambda").update_function_configuration(FunctionName="full", Environment=exceeds)
    properties = {
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::000000000000:role/function",
        "Handler": "index.handler",
        "Code": {"ZipFile": "handler = print"},
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": {**properties, "Environment": exceeds}}
    assert deploy(cloud, "variables", {"Function": function})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "exceeded the 4KB limit" in reasons(cloud, "variables")
