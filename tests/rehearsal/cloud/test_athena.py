"""Athena of the embedded AWS, and the state machine that scores what a query finds."""

import io
import json
import time
from collections.abc import Mapping
from typing import Any

import fastparquet
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from infra.batch.query_machine import DEFINITION, substitutions
from rehearsal.cloud.athena_statements import parse_unload
from slipway.settings.batch_query import BatchQuery
from slipway.training.batch_keys import QUERIES, ROWS
from slipway.training.unload import unload_statement
from tests.infra.asl_files import substituted
from tests.rehearsal.cloud.process import CloudProcess, eventually

QUERY = BatchQuery(
    sql="SELECT * FROM sessions WHERE day = current_date;",
    database="shop",
    tables=("sessions",),
    locations=("s3://shop-lake/sessions/",),
)
NOTHING = {
    "Version": "2020-12-01",
    "Metadata": {},
    "Parameters": [{"Name": "InputUri", "Type": "String"}],
    "Steps": [{"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": "nothing"}}],
}


@pytest.fixture(scope="module")
def lake(cloud: CloudProcess) -> CloudProcess:
    """A database with a table of two rows, one without files, and a place for what queries find."""
    for bucket in ("shop-lake", "found"):
        cloud("s3").create_bucket(Bucket=bucket)
    cloud("glue").create_database(DatabaseInput={"Name": "shop"})
    for table in ("sessions", "empty"):
        storage = {"Location": f"s3://shop-lake/{table}/", "Columns": [{"Name": "month", "Type": "string"}]}
        cloud("glue").create_table(DatabaseName="shop", TableInput={"Name": table, "StorageDescriptor": storage})
    kept = io.BytesIO()
    kept.close = lambda: None  # type: ignore[method-assign]
    table = pd.DataFrame({"Month": ["Nov", "Feb"], "visits": [1.0, 2.5]})
    fastparquet.write("t", table, open_with=lambda *_: kept, object_encoding="infer")
    cloud("s3").put_object(Bucket="shop-lake", Key="sessions/1", Body=kept.getvalue())
    return cloud


def ended(cloud: CloudProcess, statement: str, **more: Any) -> Mapping[str, Any]:
    """The status of the statement's execution at its end."""
    athena = cloud("athena")
    id_ = athena.start_query_execution(
        QueryString=statement,
        QueryExecutionContext={"Database": "shop"},
        ResultConfiguration={"OutputLocation": "s3://found/notes/"},
        **more,
    )["QueryExecutionId"]

    def status() -> Any:
        found = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"]
        return found["State"] in ("SUCCEEDED", "FAILED") and found

    return eventually(status)


def rows_below(cloud: CloudProcess, prefix: str) -> pd.DataFrame | None:
    listed = cloud("s3").list_objects_v2(Bucket="found", Prefix=prefix).get("Contents", [])
    if not listed:
        return None
    (key,) = [each["Key"] for each in listed]
    body = cloud("s3").get_object(Bucket="found", Key=key)["Body"].read()
    return fastparquet.ParquetFile(io.BytesIO(body)).to_pandas()


def test_an_unload_writes_the_tables_rows_with_lower_case_columns_and_says_that_no_sql_was_run(
    lake: CloudProcess,
) -> None:
    status = ended(lake, unload_statement(QUERY.text, "s3://found/a/"))
    assert (status["State"], status["StateChangeReason"]) == (
        "SUCCEEDED",
        "the SQL was not run: these are all rows of shop.sessions",
    )
    found = rows_below(lake, "a/")
    assert found is not None
    assert {name: found[name].tolist() for name in found} == {"month": ["Nov", "Feb"], "visits": [1.0, 2.5]}
    again = ended(lake, unload_statement(QUERY.text, "s3://found/a/"))
    assert again["State"] == "FAILED"
    assert "must be empty, got files below s3://found/a/" in again["StateChangeReason"]


@pytest.mark.parametrize(
    ("select", "state", "reason"),
    [
        ("SELECT * FROM empty", "SUCCEEDED", "all rows of shop.empty"),
        ("SELECT * FROM payments", "FAILED", "must have a table that is named, got shop.payments"),
        ("SELECT 1", "FAILED", "got no table"),
        ("WITH x AS (SELECT * FROM shop.sessions) SELECT * FROM x -- )", "SUCCEEDED", "all rows of shop.sessions"),
    ],
)
def test_the_table_is_the_first_one_that_the_select_names(
    lake: CloudProcess, select: str, state: str, reason: str
) -> None:
    prefix = f"{len(select)}/"
    status = ended(lake, unload_statement(select, f"s3://found/{prefix}"))
    assert status["State"] == state
    assert reason in status["StateChangeReason"]
    assert (rows_below(lake, prefix) is None) is ("sessions" not in reason)


@pytest.mark.parametrize(
    ("statement", "workgroup", "reason"),
    [
        (unload_statement("SELECT 1", "s3://found/b/"), "another", "WorkGroup another is not found"),
        ("UNLOAD (SELECT 1) TO 's3://found/b/'", "primary", "mismatched input"),
        (unload_statement(f"SELECT '{'x' * 262_100}'", "s3://found/b/"), "primary", "less than or equal to 262144"),
    ],
)
def test_what_athena_refuses_at_once_is_refused(
    lake: CloudProcess, statement: str, workgroup: str, reason: str
) -> None:
    with pytest.raises(ClientError, match=reason):
        ended(lake, statement, WorkGroup=workgroup)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("unload (SELECT 1) TO 'found/b/' WITH (format = 'PARQUET')", "an address in S3, got found/b/"),
        ("UNLOAD (SELECT 1) TO 's3://found/b/' WITH (compression = 'SNAPPY')", "format of an UNLOAD must be one of"),
        ("UNLOAD (SELECT 1) TO 's3://found/b/' WITH (format = 'PARQUET', compression = 'BEST')", "got BEST"),
        ("UNLOAD (SELECT 1) TO 's3://found/b/' WITH (format)", "name = 'value', got format"),
        ("UNLOAD (DROP TABLE x) TO 's3://found/b/' WITH (format = 'PARQUET')", "mismatched input"),
        (unload_statement("SELECT (1", "s3://found/b/"), "every parenthesis"),
        (unload_statement("SELECT 1) (", "s3://found/b/"), "every parenthesis"),
        (unload_statement("SELECT 'it''s", "s3://found/b/"), "a quote must end"),
    ],
)
def test_a_frame_that_is_no_unload_is_refused(statement: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_unload(statement)


@pytest.mark.parametrize("select", ["SELECT ')' AS \"a(\" /* ( */ -- (", "SELECT 'it''s (' FROM t"])
def test_parentheses_in_texts_names_and_comments_do_not_count(select: str) -> None:
    found = parse_unload(unload_statement(select, "s3://found/b"))
    assert found is not None
    assert (found.select, found.target) == (select, ("found", "b/"))


def run_machine(
    cloud: CloudProcess, query: BatchQuery, *, name: str, role: str = "arn:aws:iam::000000000000:role/query"
) -> dict[str, Any]:
    """The machine's execution at its end."""
    definition = substituted(DEFINITION, substitutions(query, pipeline="of-query", bucket="found"))
    states = cloud("stepfunctions")
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    arn = states.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")["executionArn"]
    return eventually(lambda: (found := states.describe_execution(executionArn=arn))["status"] != "RUNNING" and found)


def test_the_machine_starts_the_pipeline_with_the_rows_of_its_query(lake: CloudProcess) -> None:
    lake("sagemaker").create_pipeline(
        PipelineName="of-query",
        PipelineDefinition=json.dumps(NOTHING),
        RoleArn="arn:aws:iam::000000000000:role/pipeline",
        ClientRequestToken="t" * 32,
    )
    found = run_machine(lake, QUERY, name="query")
    assert found["status"] == "SUCCEEDED", found.get("cause")
    output = json.loads(found["output"])
    given = lake("sagemaker").list_pipeline_parameters_for_execution(
        PipelineExecutionArn=output["PipelineExecutionArn"]
    )
    prefix = f"{QUERIES}/{found['name']}/{ROWS}/"
    assert given["PipelineParameters"] == [{"Name": "InputUri", "Value": f"s3://found/{prefix}"}]
    assert rows_below(lake, prefix) is not None


@pytest.mark.parametrize(
    ("changed", "error", "cause"),
    [
        ({"sql": "SELECT * FROM empty", "tables": ("empty",)}, "NoRows", "has no rows, nothing lies below s3://found/"),
        ({"sql": "SELECT * FROM gone", "tables": ("gone",)}, "QueryFailed", "failed: TABLE_NOT_FOUND: the Glue data"),
        ({"workgroup": "another"}, "QueryFailed", "WorkGroup another is not found"),
    ],
)
def test_a_query_that_fails_or_finds_nothing_ends_the_machine_with_its_reason(
    lake: CloudProcess, changed: dict[str, Any], error: str, cause: str
) -> None:
    found = run_machine(lake, QUERY.model_copy(update=changed), name=f"query-{time.time_ns()}")
    assert (found["status"], found["error"]) == ("FAILED", error)
    assert cause in found["cause"]
    assert '"' not in found["cause"]


def test_a_query_needs_its_callers_rights_to_the_workgroup_the_table_and_its_files(lake: CloudProcess) -> None:
    glue = "arn:aws:glue:us-east-1:000000000000"
    made = lake("iam").create_role(RoleName="reader-of-a-lake", AssumeRolePolicyDocument='{"Statement": []}')["Role"][
        "Arn"
    ]
    allowed = {
        "athena:*": "arn:aws:athena:us-east-1:000000000000:workgroup/primary",
        "glue:Get*": [f"{glue}:catalog", f"{glue}:database/*", f"{glue}:table/shop/payments"],
        "s3:*": ["arn:aws:s3:::found", "arn:aws:s3:::found/*", "arn:aws:s3:::shop-lake"],
        "sagemaker:*": "*",
    }
    statements = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in allowed.items()]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    lake("iam").put_role_policy(RoleName="reader-of-a-lake", PolicyName="own", PolicyDocument=policy)
    run_machine(lake, QUERY, name="query-of-a-reader", role=made)
    row = json.loads(lake.fetch("GET", "/_slipway/access"))["reader-of-a-lake"]
    assert row["missing"] == [
        "athena:GetDataCatalog on arn:aws:athena:us-east-1:000000000000:datacatalog/AwsDataCatalog: not allowed",
        f"glue:GetTable on {glue}:table/shop/sessions: not allowed",
        "s3:GetObject on arn:aws:s3:::shop-lake/sessions/1: not allowed",
    ]
    assert row["unread"] == []
