"""Batch transform jobs: splitting, filters, joins, limits and failures, with a server that answers real HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rehearsal.jobs.job_runner import LocalJobRunner
from rehearsal.jobs.transform.json_path import PathError, parse_path
from rehearsal.jobs.transform.payloads import TransformLimits, limit_errors, records_of
from rehearsal.jobs.transform.served_model import ServedModel
from slipway.errors import LaunchError

LINES = "application/jsonlines"
NO_BACKEND: Any = None
"""The server is started by the test."""
Respond = Callable[[str], tuple[int, str]]
Transformed = tuple[str, str | None, dict[str, str]]
"""A job's status, the reason of its failure, and its outputs by key."""


class Server:
    """Serves what `respond` gives for a body; `bodies` are those that came."""

    def __init__(self, respond: Respond, parameters: str = "") -> None:
        self.respond, self.parameters = respond, parameters
        self.bodies: list[str] = []
        self.environment: dict[str, str] = {}

    @contextmanager
    def __call__(self, model: ServedModel) -> Iterator[str]:
        self.environment = dict(model.container["Environment"])
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(200 if served.parameters else 404, served.parameters)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                served.bodies.append(body)
                self._send(*served.respond(body))

            def _send(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
            threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
            try:
                yield f"http://127.0.0.1:{http.server_port}"
            finally:  # of a failed job too: a server whose socket is closed under it never rests again
                http.shutdown()


def each_line(respond: Callable[[Any], Any]) -> Respond:
    return lambda body: (
        200,
        "".join(json.dumps(respond(json.loads(line))) + "\n" for line in body.split("\n") if line),
    )


def request(**changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bench/in/"}}
    found: dict[str, Any] = {
        "TransformJobName": "job-1",
        "ModelName": "model",
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": 1,
        "MaxConcurrentTransforms": 2,
        "TransformInput": {"DataSource": source, "ContentType": LINES, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://bench/out", "Accept": LINES, "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    for name, value in changes.items():
        found[name] = {**found[name], **value} if isinstance(found.get(name), dict) else value
    return {name: value for name, value in found.items() if value is not None}


@pytest.fixture
def transformed(tmp_path: Path, s3: Any, log: Any) -> Callable[..., tuple[str, str | None, dict[str, str]]]:
    """Run a job over the objects `given`; its status, reason and outputs by key."""

    def run(server: Server, given: dict[str, str], **changes: Any) -> tuple[str, str | None, dict[str, str]]:
        for key, text in given.items():
            s3.put_object(Bucket="bench", Key=f"in/{key}", Body=text.encode())
        runner = LocalJobRunner(tmp_path / "jobs", s3, {}.__getitem__, NO_BACKEND, {}, serve=server)
        model = {"Image": "image", "ModelDataUrl": "s3://bench/model.tar.gz", "Environment": {"OWN": "1"}}
        ended = runner.run_transform(request(**changes), model=model, log=log, stopped=threading.Event())
        rows = s3.list_objects_v2(Bucket="bench", Prefix="out/").get("Contents", ())
        outputs = {row["Key"]: s3.get_object(Bucket="bench", Key=row["Key"])["Body"].read().decode() for row in rows}
        return ended.status, ended.failure_reason, outputs

    return run


def test_a_job_that_is_stopped_while_its_server_starts_has_not_failed(tmp_path: Path, s3: Any, log: Any) -> None:
    @contextmanager
    def starting(model: ServedModel) -> Iterator[str]:
        model.stopped.set()
        raise LaunchError("the server was cancelled")
        yield ""

    s3.put_object(Bucket="bench", Key="in/a.jsonl", Body=b"1")
    runner = LocalJobRunner(tmp_path / "jobs", s3, {}.__getitem__, NO_BACKEND, {}, serve=starting)
    model = {"Image": "image", "ModelDataUrl": "s3://bench/model.tar.gz"}
    ended = runner.run_transform(request(), model=model, log=log, stopped=threading.Event())
    assert (ended.status, ended.failure_reason) == ("Stopped", None)


JOINED = {"DataProcessing": {"InputFilter": "$.x", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}}


def test_responses_are_joined_to_their_records_object_by_object(transformed: Any) -> None:
    server = Server(each_line(lambda x: {"twice": 2 * x}))
    given = {"a.jsonl": '{"id":1,"x":3,"note":"n"}\n{"id":2,"x":4}\n', "more/b.jsonl": '{"id":3,"x":5}'}
    status, reason, outputs = transformed(server, given, **JOINED)
    assert (status, reason) == ("Completed", None)
    assert outputs == {
        "out/a.jsonl.out": '{"id":1,"SageMakerOutput":{"twice":6}}\n{"id":2,"SageMakerOutput":{"twice":8}}\n',
        "out/more/b.jsonl.out": '{"id":3,"SageMakerOutput":{"twice":10}}\n',
    }
    assert server.bodies == ["3\n4", "5"]
    assert server.environment["SAGEMAKER_BATCH"] == "true"
    assert (server.environment["SAGEMAKER_BATCH_STRATEGY"], server.environment["OWN"]) == ("MULTI_RECORD", "1")


def test_csv_is_joined_cell_by_cell(transformed: Any) -> None:
    server = Server(lambda body: (200, "".join(f"0.5,{len(line)}\n" for line in body.split("\n"))))
    changes = {
        "TransformInput": {"ContentType": "text/csv"},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-2:]"},
    }
    _, _, outputs = transformed(server, {"t.csv": '7,"a,b",c\n8,d,e\n'}, **changes)
    assert server.bodies == ['"a,b",c\nd,e']
    assert outputs == {"out/t.csv.out": "7,0.5,7\n8,0.5,3\n"}


def test_without_data_processing_a_record_and_its_response_pass_as_they_are(transformed: Any) -> None:
    server = Server(lambda body: (200, body.upper() + "\n"))
    _, _, outputs = transformed(server, {"t.jsonl": "a\n b \n"}, BatchStrategy="SingleRecord")
    assert sorted(server.bodies) == [" b ", "a"]
    assert outputs == {"out/t.jsonl.out": "A\n B \n"}


def test_what_a_job_leaves_open_the_container_decides(transformed: Any, log: Any) -> None:
    parameters = '{"MaxConcurrentTransforms": 3, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}'
    server = Server(lambda body: (200, body), parameters)
    open_ = {"BatchStrategy": None, "MaxPayloadInMB": None, "MaxConcurrentTransforms": None}
    transformed(server, {"t.jsonl": "1\n2\n"}, **open_)
    assert sorted(server.bodies) == ["1", "2"]
    assert "payload_mb=2, concurrent=3" in log.wait_for("[sagemaker logs]")


@pytest.mark.parametrize(("status", "kind"), [(400, "ClientError"), (500, "AlgorithmError")])
def test_one_refused_record_fails_the_job_and_its_object_has_no_output(
    transformed: Any, log: Any, status: int, kind: str
) -> None:
    server = Server(lambda body: (status, "column x is absent") if "bad" in body else (200, body + "\n"))
    given = {"a.jsonl": "1\n", "b.jsonl": "2\nbad\n", "c.jsonl": "3\n"}
    found, reason, outputs = transformed(server, given, ModelClientConfig={"InvocationsMaxRetries": 1})
    assert (found, reason) == ("Failed", f"{kind}: See job logs for more information")
    assert list(outputs) == ["out/a.jsonl.out"]
    assert server.bodies.count("2\nbad") == 2
    assert "column x is absent" in log.wait_for("b.jsonl: bad HTTP status")


@pytest.mark.parametrize(
    ("respond", "given", "reason"),
    [
        (lambda _: (200, "1\n"), '{"x":1}\n{"x":2}\n', "2 records got 1 line, which cannot be joined"),
        (each_line(lambda x: x), '{"y":1}\n', "$.x selects nothing"),
        (each_line(lambda x: x), "no JSON\n", "a record must be JSON"),
        (each_line(lambda x: x), json.dumps({"x": "x" * 2**20}), "above MaxPayloadInMB 1"),
    ],
)
def test_what_cannot_be_sent_or_joined_fails_the_job(transformed: Any, respond: Any, given: str, reason: str) -> None:
    status, found, outputs = transformed(Server(respond), {"t.jsonl": given}, **JOINED)
    assert (status, outputs) == ("Failed", {})
    assert reason in str(found)


def test_a_prefix_without_objects_fails(transformed: Any) -> None:
    assert "No S3 objects found" in transformed(Server(lambda body: (200, body)), {})[1]


def test_requests_hold_as_many_records_as_fit() -> None:
    limits = TransformLimits("MultiRecord", payload_mb=1, concurrent=1)
    records = [b"x" * 400_000] * 5
    assert list(limits.payloads(records, where="t")) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert records_of(b"a\r\nb\n\n", "Line") == [b"a", b"b", b""]
    assert records_of(b"a\nb", "None") == [b"a\nb"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"MaxPayloadInMB": 101}, "at most 100, got 101"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "at most 100 MB, got 120"),
        ({"MaxPayloadInMB": 0}, "at least 1 on the laptop"),
        ({"TransformInput": {"SplitType": "RecordIO"}}, "SplitType must be None or Line"),
        ({"TransformInput": {"SplitType": "None"}}, "BatchStrategy needs SplitType Line"),
        ({}, ""),
    ],
)
def test_limits_of_a_request(changes: dict[str, Any], error: str) -> None:
    assert error in next(limit_errors(request(**changes)), "")


@pytest.mark.parametrize(
    ("path", "value", "selected"),
    [
        ("$", {"a": 1}, {"a": 1}),
        ("$.a.b", {"a": {"b": 2}}, 2),
        ("$['a','c']", {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}),
        ("$.a.['b','c']", {"a": {"b": 1, "c": 2, "d": 3}}, {"b": 1, "c": 2}),
        ("$.a.*", {"a": {"b": 1, "c": 2}}, [1, 2]),
        ("$[1:]", [1, 2, 3], [2, 3]),
        ("$[0,5:]", list(range(8)), [0, 5, 6, 7]),
        ("$[-1]", [1, 2], 2),
        ("$[:2]", [1, 2, 3], [1, 2]),
    ],
)
def test_filters_select_as_documented(path: str, value: Any, selected: Any) -> None:
    assert parse_path(path).of(value) == selected


@pytest.mark.parametrize("path", ["a", "$..a", "$[?(@.a)]", "$.a()", "$[a]", f"$.{'a' * 70}"])
def test_other_expressions_are_refused(path: str) -> None:
    with pytest.raises(PathError):
        parse_path(path)
