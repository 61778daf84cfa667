"""The function that writes the audit log, in which no change goes unseen."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

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
