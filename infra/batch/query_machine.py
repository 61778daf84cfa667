"""The state machine that has Athena write the rows of a query, and starts the pipeline that scores them."""

import json
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.batch.query_access import may_read_tables, may_run_queries, may_write_rows
from infra.shared.arns import arn
from infra.shared.logged_state_machine import LoggedStateMachine
from infra.shared.policy import allow
from infra.shared.trust import STATE_MACHINES
from slipway.settings.batch_query import BatchQuery
from slipway.settings.names import Names
from slipway.training.batch_keys import NOTES, QUERIES, ROWS
from slipway.training.batch_pipeline import INPUT_URI
from slipway.training.unload import around_target

DEFINITION = Path(__file__).with_name("query.asl.json")


class QueryMachine(LoggedStateMachine):
    """May read the tables that the settings name, write below one prefix, and start one pipeline."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, query: BatchQuery, artifacts_bucket: s3.IBucket
    ) -> None:
        # Added to one policy, which the machine's right to write its logs goes to as well.
        role = iam.Role(scope, f"{id_}Role", assumed_by=STATE_MACHINES)
        for statement in (
            *may_run_queries(query.workgroup),
            *may_read_tables(query),
            *may_write_rows(artifacts_bucket, f"{QUERIES}/*"),
            allow("sagemaker:StartPipelineExecution", on=[arn("sagemaker", f"pipeline/{names.batch_pipeline}")]),
        ):
            role.add_to_policy(iam.PolicyStatement.from_json(statement))
        super().__init__(
            scope,
            id_,
            name=names.batch_query_machine,
            definition=DEFINITION,
            substitutions=substitutions(query, pipeline=names.batch_pipeline, bucket=artifacts_bucket.bucket_name),
            role=role,
            retention=logs.RetentionDays.THREE_MONTHS,
        )


def substitutions(query: BatchQuery, *, pipeline: str, bucket: str) -> Mapping[str, str]:
    """The placeholders of the definition; `bucket` may be a CDK token."""
    before, after = around_target(query.text)
    return {
        "PipelineName": pipeline,
        "BeforeTarget": _in_json(before),
        "AfterTarget": _in_json(after),
        "Database": query.database,
        "WorkGroup": query.workgroup,
        "Bucket": bucket,
        "Queries": QUERIES,
        "Rows": ROWS,
        "Notes": NOTES,
        "InputUri": INPUT_URI,
    }


def _in_json(text: str) -> str:
    """A substitution inside a string of the definition; what does not begin with {% is no expression."""
    return json.dumps(text)[1:-1]
