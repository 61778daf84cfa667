"""Audit entries in the artifacts bucket."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from infra.storage.append_only import keep_append_only


@pytest.mark.parametrize(
    ("keep_data", "expected"), [(True, [["s3:DeleteObject", "s3:DeleteObjectVersion"]]), (False, [])]
)
def test_no_role_can_delete_an_audit_entry_where_data_is_kept(keep_data: bool, expected: list[list[str]]) -> None:
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    keep_append_only(s3.Bucket(stack, "Bucket"), keep_data=keep_data)
    (policy,) = Template.from_stack(stack).find_resources("AWS::S3::BucketPolicy").values()
    denied = [s["Action"] for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    assert denied == ["s3:PutObject", *expected]
