"""Audit entries in the artifacts bucket."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from infra.storage.append_only import keep_append_only


def denials(template: dict[str, Any]) -> list[dict[str, Any]]:
    policies = (r for r in template["Resources"].values() if r["Type"] == "AWS::S3::BucketPolicy")
    statements = [s for p in policies for s in p["Properties"]["PolicyDocument"]["Statement"]]
    return [s for s in statements if "audit/*" in json.dumps(s["Resource"])]


def protected(*, keep_data: bool) -> list[dict[str, Any]]:
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    keep_append_only(s3.Bucket(stack, "Bucket"), keep_data=keep_data)
    return denials(Template.from_stack(stack).to_json())


def test_no_role_can_replace_an_audit_entry(templates: dict[str, dict[str, Any]]) -> None:
    (put,) = (statement for statement in denials(templates["storage"]) if statement["Action"] == "s3:PutObject")
    assert put["Effect"] == "Deny"
    assert put["Principal"] == {"AWS": "*"}
    assert put["Condition"]["Null"] == {"s3:if-none-match": "true"}


@pytest.mark.parametrize(
    ("keep_data", "expected"), [(True, [["s3:DeleteObject", "s3:DeleteObjectVersion"]]), (False, [])]
)
def test_no_role_can_delete_an_audit_entry_where_data_is_kept(keep_data: bool, expected: list[list[str]]) -> None:
    assert [s["Action"] for s in protected(keep_data=keep_data) if s["Action"] != "s3:PutObject"] == expected
