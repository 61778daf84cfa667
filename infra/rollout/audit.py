"""What the rollout does is recorded where nobody can change it unseen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.rollout.states import States, task
from infra.shared.object_access import may_find, may_write
from infra.shared.python_function import PythonFunction
from slipway.settings.names import Names


class AuditFunction(PythonFunction):
    """Appends to the audit log of one endpoint; nothing else."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, artifacts_bucket: s3.IBucket) -> None:
        super().__init__(
            scope,
            id_,
            source=Path(__file__).parent / "runtime" / "audit",
            slipway=("errors.py", "rollout/__init__.py", "rollout/audit.py"),
            description=f"Appends to the audit log of {names.endpoint}",
            timeout=cdk.Duration.minutes(1),
            environment={"AUDIT_BUCKET": artifacts_bucket.bucket_name, "AUDIT_PREFIX": names.audit_prefix},
            statements=[
                *may_find(artifacts_bucket, f"{names.audit_prefix}*"),
                *may_write(artifacts_bucket, f"{names.audit_prefix}*"),
            ],
        )


def record(
    name: str,
    *,
    function_arn: str,
    topic_arn: str,
    endpoint: str,
    action: str,
    detail: Mapping[str, Any],
    then: str,
) -> States:
    """The state `name`: record that the rollout of `$.ModelPackageArn` did `action`, and go on to `then` in any case.

    Keys of `detail` that end in `.$` are paths. An entry that cannot be written changes no verdict: people are told.
    """
    untold = f"Tell{name}Failed"
    payload = {
        "actor.$": "$$.Execution.Id",
        "action": action,
        "subject.$": "$.ModelPackageArn",
        "detail": dict(detail),
    }
    write = task("lambda:invoke", {"FunctionName": function_arn, "Payload": payload}, then=then, caught=untold)
    # `$.error` may hold what the next states explain.
    write["Catch"][0]["ResultPath"] = "$.unrecorded"
    message = {
        "TopicArn": topic_arn,
        "Subject": f"{endpoint}: audit entry missing",
        "Message.$": f"States.Format('{action} of {{}} could not be recorded in the audit log of {endpoint}: {{}}', "
        "$.ModelPackageArn, $.unrecorded.Cause)",
    }
    tell = task("sns:publish", message, then=then, caught=then)
    tell["Catch"][0]["ResultPath"] = "$.unrecorded"
    return {name: write, untold: tell}
