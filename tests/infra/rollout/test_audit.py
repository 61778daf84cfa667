"""The audit log, as the templates make it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template
from moto import mock_aws

from infra.rollout.audit import AuditFunction
from infra.rollout.runtime.audit import index
from slipway.settings.names import Names


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The template of a stack with the function, and its code as it is uploaded."""
    outdir = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(outdir=str(outdir), analytics_reporting=False)
    stack = cdk.Stack(app, "Stack")
    AuditFunction(stack, "Audit", names=Names("shoppers", "dev"), artifacts_bucket=s3.Bucket(stack, "Bucket"))
    app.synth()
    (code,) = outdir.glob("asset.*")
    return Template.from_stack(stack).to_json(), code


def test_the_function_is_told_where_its_log_lies(function: tuple[dict[str, Any], Path]) -> None:
    (found,) = (r for r in function[0]["Resources"].values() if r["Type"] == "AWS::Lambda::Function")
    assert found["Properties"]["Environment"]["Variables"]["AUDIT_PREFIX"] == "audit/shoppers-dev/"


def test_the_function_may_read_and_append_its_own_log_and_delete_nothing(
    function: tuple[dict[str, Any], Path],
) -> None:
    policies = (r for r in function[0]["Resources"].values() if r["Type"] == "AWS::IAM::Policy")
    statements = [s for p in policies for s in p["Properties"]["PolicyDocument"]["Statement"]]
    on_objects = [s for s in statements if "audit/shoppers-dev/*" in json.dumps(s["Resource"])]
    actions = {
        action for s in on_objects for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
    }
    assert "s3:PutObject" in actions
    assert not [action for action in actions if "Delete" in action or action.endswith(":*")]
    assert all("audit/shoppers-dev/*" in json.dumps(s["Resource"]) for s in statements if "s3:PutObject" in s["Action"])


_IMPORTED_ALONE = """
import sys
folder, project = sys.argv[1:]
sys.path[:] = [folder, *(path for path in sys.path if path and path != project)]
sys.meta_path[:] = [finder for finder in sys.meta_path if "Editable" not in getattr(finder, "__name__", "")]
import index
print(sys.modules["slipway.rollout.audit"].__file__)
print("infra" in sys.modules or "pydantic" in sys.modules)
"""


def test_the_code_holds_all_it_imports(function: tuple[dict[str, Any], Path]) -> None:
    """Imported where nothing of ours is but the uploaded folder."""
    project = Path(__file__).resolve().parents[3]
    argv = [sys.executable, "-P", "-c", _IMPORTED_ALONE, str(function[1]), str(project)]
    printed = subprocess.run(argv, cwd="/", capture_output=True, text=True, check=True).stdout.splitlines()
    assert printed == [str(function[1] / "slipway" / "rollout" / "audit.py"), "False"]


def test_two_synths_upload_the_same_code(function: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    stack = cdk.Stack(app, "Stack")
    AuditFunction(stack, "Audit", names=Names("shoppers", "dev"), artifacts_bucket=s3.Bucket(stack, "Bucket"))
    app.synth()
    assert [path.name for path in tmp_path.glob("asset.*")] == [function[1].name]


def test_an_operation_that_is_done_again_has_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"AUDIT_BUCKET": "artifacts", "AUDIT_PREFIX": "audit/shop/", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in {**settings, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    entry = {"actor": "execution/1", "action": "weights", "subject": "package/1", "detail": {"operation": 7, "poll": 0}}
    later = {**entry, "detail": {"operation": 7, "poll": 1}}
    person = {"actor": "anna", "action": "pause", "subject": "shop", "detail": {"reason": "sale"}}
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="artifacts")
        appended = [index.handler(each, None)["sequence"] for each in (entry, person, later, entry, later, person)]
    assert appended == [1, 2, 3, 1, 3, 4], "what a person does twice is there twice"
