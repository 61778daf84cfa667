"""The server as a process, spoken to over real connections."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from pipeline_steps.artifact.files import FILES, sha256_of_files
from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.tables.prepared import read_split, read_use_case
from tests.pipeline_steps.verbs import run_verb_alone

PROJECT = Path(__file__).parents[3]
ROW = b"30,40.5,Nov,TRUE"


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def _start(base: Path, *, uvloop: bool = True, **more: str) -> Server:
    environment = {**os.environ, "SM_BASE_DIR": str(base), "PYTHONUNBUFFERED": "1", **more}
    environment |= {"SAGEMAKER_BIND_TO_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": "0"}
    hidden = "" if uvloop else "sys.modules['uvloop'] = None; "
    program = f"import sys, runpy; {hidden}sys.argv[:] = ['pipeline_steps', 'serve']; "
    program += "runpy.run_module('pipeline_steps', run_name='__main__')"
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("serving xgboost on 127.0.0.1:"), line
    return Server(process, int(line.rpartition(":")[2]))


def _end(server: Server) -> None:
    server.process.kill()
    server.process.communicate()


def _stopped(server: Server) -> list[str]:
    """Have it drain and stop; gives the lines that it has printed meanwhile."""
    server.process.send_signal(signal.SIGTERM)
    output, _ = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    return output.splitlines()


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    jobs = request.getfixturevalue("jobs")
    started = _start(jobs.boosted, uvloop=request.param == "uvloop")
    yield started
    _end(started)


def _request(body: bytes, *headers: str) -> bytes:
    lines = ["POST /invocations HTTP/1.1", "Host: x", "Content-Type: text/csv", "Accept: text/csv"]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def _read_to_end(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_it_responds_to_pings_and_invocations(server: Server) -> None:
    assert server.ask("GET", "/ping") == (200, b"")
    status, body = server.ask("POST", "/invocations", ROW, Content_Type="text/csv")
    (prediction,) = json.loads(body)["predictions"]
    assert status == 200
    assert 0 < prediction["score"] < 1


@pytest.mark.parametrize(
    ("query", "headers"), [("?explain", {}), ("", {"X_Amzn_SageMaker_Custom_Attributes": "explain"})]
)
def test_it_gives_its_reasons_to_whoever_asks(server: Server, query: str, headers: dict[str, str]) -> None:
    status, body = server.ask("POST", f"/invocations{query}", ROW, Content_Type="text/csv", **headers)
    (prediction,) = json.loads(body)["predictions"]
    assert status == 200
    assert {"column", "contribution"} == set(prediction["reasons"][0])


def test_it_loads_a_model_without_the_libraries_of_the_jobs(jobs) -> None:
    program = "import sys, pathlib; from pipeline_steps import serve; "
    program += "serve.read_folder(pathlib.Path(sys.argv[1])).scorer; print(*sys.modules)"
    argv = [sys.executable, "-c", program, str(jobs.boosted / "model")]
    imported = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    assert "onnxruntime" in imported
    assert not {"pandas", "xgboost", "sklearn", "onnx", "matplotlib", "boto3"} & set(imported)


def test_it_scores_as_training_did(server: Server, jobs) -> None:
    folder = jobs.prepared / "processing/output/validation"
    split = read_split(folder, read_use_case(folder))
    artifact = read_folder(jobs.boosted / "model")
    expected = artifact.scorer.score(artifact.contract.encode(split.features))
    lines = "\n".join(_validation_rows(jobs)).encode()
    status, body = server.ask("POST", "/invocations", lines, Content_Type="text/csv", Accept="text/csv")
    assert status == 200
    np.testing.assert_array_equal(np.array(body.split(), dtype=np.float32), expected)


def test_what_breaks_the_contract_is_reported_and_the_connection_stays_open(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/invocations", b"many,1,Nov,TRUE", {"Content-Type": "text/csv"})
    response = connection.getresponse()
    assert response.status == 400
    assert json.loads(response.read()) == {"error": "row 1: column visits must be a number or missing, got 'many'"}
    connection.request("GET", "/ping")
    assert connection.getresponse().status == 200
    connection.close()


def test_pipelined_requests_get_responses_in_order_small_and_large_mixed(server: Server) -> None:
    sizes = [1, 2000, 3, 1, 1500, 2]
    with server.connect() as connection:
        connection.sendall(b"".join(_request(b"\n".join([ROW] * size)) for size in sizes))
        connection.shutdown(socket.SHUT_WR)
        answers = _read_to_end(connection).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [answer.partition(b"\r\n\r\n")[2].count(b"\n") for answer in answers] == sizes


def test_thousands_of_pipelined_requests_all_come_back(server: Server) -> None:
    with server.connect() as connection, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(connection.sendall, _request(ROW) * 3000 + _request(ROW, "Connection: close"))
        answers = _read_to_end(connection)
        sent.result()
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3001


def test_a_client_that_asks_first_may_continue(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(_request(ROW, "Expect: 100-continue", "Connection: close")[: -len(ROW)])
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(ROW)
        assert _read_to_end(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_that_is_too_large_is_refused_while_it_is_still_being_sent(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /invocations HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 8_000_000)
        assert _read_to_end(connection).startswith(b"HTTP/1.1 413 ")


def test_what_is_not_http_is_refused_and_disconnected(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert _read_to_end(connection).startswith(b"HTTP/1.1 400 ")


def test_a_large_request_does_not_delay_a_ping(server: Server) -> None:
    large = b"\n".join([ROW] * 9000)
    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(server.ask, "POST", "/invocations", large, Content_Type="text/csv") for _ in range(4)]
        assert server.ask("GET", "/ping")[0] == 200
        assert [answer.result()[0] for answer in slow] == [200] * 4


def test_clients_that_vanish_leave_it_unmoved(server: Server) -> None:
    for data in (b"", b"POST /invoc", _request(ROW)[:-5], _request(b"\n".join([ROW] * 5000))):
        connection = server.connect()
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.close()
    assert server.ask("GET", "/ping")[0] == 200


def test_on_a_signal_it_completes_requests_on_their_way_and_exits_0(jobs) -> None:
    server = _start(jobs.boosted)
    with server.connect() as idle, server.connect() as late, server.connect() as slow:
        for connection in (idle, late):
            connection.sendall(_request(ROW))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
        slow.sendall(_request(ROW)[:-4])
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stdout is not None
        assert server.process.stdout.readline() == "draining\n"
        late.sendall(_request(ROW))
        answer = _read_to_end(late)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"Connection: close\r\n" in answer
        assert _read_to_end(idle) == b""
        slow.sendall(ROW[-4:])
        assert _read_to_end(slow).startswith(b"HTTP/1.1 200 OK\r\n")
    output, _ = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    assert output.splitlines() == ["stopped"]
    with pytest.raises(ConnectionRefusedError):
        server.connect()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_on_a_signal_every_client_that_could_connect_gets_its_response(jobs, loop: str) -> None:
    """A connection a request, and clients that go on: every accepted connection gets its response."""
    server = _start(jobs.boosted, uvloop=loop == "uvloop")
    answered, lost = [], []

    def ask_again_and_again() -> None:
        while True:
            try:
                connection = server.connect()
            except (ConnectionRefusedError, TimeoutError):
                return
            with connection:
                try:
                    connection.sendall(_request(ROW, "Connection: close"))
                    answer = _read_to_end(connection)
                except OSError as exc:
                    answer = repr(exc).encode()
            (answered if answer.startswith(b"HTTP/1.1 200 OK") else lost).append(answer)
            time.sleep(0.03)  # eight clients without a pause keep both processors busy and show no more

    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(ask_again_and_again) for _ in range(8)]
        while len(answered) < 50:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.result(60)
    server.process.communicate(timeout=60)
    assert (server.process.returncode, lost) == (0, [])


def test_it_ends_when_its_standard_input_is_closed(jobs) -> None:
    environment = {**os.environ, "SM_BASE_DIR": str(jobs.boosted), "SAGEMAKER_BIND_TO_PORT": "0"}
    argv = [sys.executable, "-m", "pipeline_steps", "serve", "--until-input-ends"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=PROJECT, env=environment, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"serving ")
        process.stdin.write(b"more")
        process.stdin.close()
        assert process.stdout.read() == b"draining\nstopped\n"
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"decision": {"threshold": 1.5}}, "decision.threshold must be in 0..1, got 1.5"),
        ({"decision": {"threshold": float("nan")}}, "decision.threshold must be in 0..1, got nan"),
        ({"max_payload_rows": 0}, "max_payload_rows must be in 1..26214400, got 0"),
        ({"max_payload_rows": 10**12}, "max_payload_rows must be in 1..26214400, got 1000000000000"),
    ],
)
def test_an_invalid_contract_is_refused_at_the_start(
    jobs, run_verb, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    shutil.copytree(jobs.boosted / "model", tmp_path / "model")
    file = tmp_path / "model/contract.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    ended = run_verb(tmp_path, "serve", environment={"SAGEMAKER_BIND_TO_HOST": "127.0.0.1"})
    assert (ended.returncode, ended.stderr) == (1, f"contract.json: {reason}\n")


def test_it_serves_the_files_that_were_registered_and_no_others(jobs, run_verb, tmp_path: Path) -> None:
    """The files may have changed since: a rollback, a scheduled start and a new instance read them again."""
    registered = sha256_of_files({name: (jobs.boosted / "model" / name).read_bytes() for name in FILES})
    _end(_start(jobs.boosted, SLIPWAY_MODEL_SHA256=registered))
    shutil.copytree(jobs.boosted / "model", tmp_path / "model")
    with (tmp_path / "model" / "metrics.json").open("a") as file:
        file.write("\n")
    refused = run_verb(tmp_path, "serve", environment={"SLIPWAY_MODEL_SHA256": registered})
    assert refused.returncode == 1
    assert f"must hold the files that were registered, sha256 {registered}, got " in refused.stderr
    assert "serving" not in refused.stdout


PACKAGE = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/shop/3"
IDENTITY = {
    "SLIPWAY_ENDPOINT_NAME": "shop",
    "SLIPWAY_VARIANT_NAME": "primary",
    "SLIPWAY_MODEL_PACKAGE_ARN": PACKAGE,
}


def _metrics(line: str) -> dict[str, float]:
    document = json.loads(line)
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Slipway/Endpoint"
    found = [[document[name] for name in names] for names in directive["Dimensions"]]
    of_rows = "ScoredRows" in document
    assert found == [["shop", "primary", PACKAGE], *([["shop", "primary"]] if of_rows else [])]
    assert abs(document["_aws"]["Timestamp"] / 1000 - time.time()) < 60
    return {metric["Name"]: document[metric["Name"]] for metric in directive["Metrics"]}


def _validation_rows(jobs) -> list[str]:
    lines = (jobs.prepared / "processing/output/validation/data.csv").read_text().splitlines()[1:]
    return [line.rpartition(",")[0] for line in lines]


def test_its_log_has_a_line_of_metrics_now_and_then_and_the_last_when_it_stops(jobs) -> None:
    server = _start(jobs.boosted, **IDENTITY, SLIPWAY_METRIC_SECONDS="0.3")
    assert server.process.stdout is not None
    rows = (_validation_rows(jobs) * 3)[:300]
    status, _ = server.ask("POST", "/invocations", "\n".join(rows).encode(), Content_Type="text/csv")
    assert status == 200
    first = _metrics(server.process.stdout.readline()) | _metrics(server.process.stdout.readline())
    of_rows = {"ScoredRows", "UpperHalf", "Tails", "PredictionDrift", "InputDrift"}
    assert first.keys() == {"Requests", "Errors", "Latency"} | of_rows
    assert (first["Requests"], first["Errors"], first["ScoredRows"]) == (1, 0, 1)  # and none of the warm-up
    assert 0 <= first["UpperHalf"] <= 1
    assert first["PredictionDrift"] < 0.25
    assert first["InputDrift"] < 0.5
    for row in rows[:4]:
        server.ask("POST", "/invocations", row.encode(), Content_Type="text/csv")
    server.ask("POST", "/invocations", b"this,is,no,row", Content_Type="text/csv")
    *lines, last = _stopped(server)
    assert last == "stopped"
    reported = [_metrics(line) for line in lines if line != "draining"]
    assert sum(metrics.get("ScoredRows", 0) for metrics in reported) == 4
    assert [sum(each.get(name, 0) for each in reported) for name in ("Requests", "Errors")] == [5, 1]


def test_a_large_request_on_a_thread_is_counted_as_the_others_are(jobs) -> None:
    server = _start(jobs.boosted, **IDENTITY, SLIPWAY_METRIC_SECONDS="60")
    large = b"\n".join([b"999,40.5,Nov,TRUE"] * 4000)  # more visits than any training row
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(server.ask, "POST", "/invocations", large, Content_Type="text/csv") for _ in range(4)]
        assert [answer.result()[0] for answer in sent] == [200] * 4
    draining, *lines, stopped = _stopped(server)
    assert (draining, stopped) == ("draining", "stopped")
    answered, found = map(_metrics, lines)
    assert answered["Requests"] == 4
    assert found["ScoredRows"] == 4
    assert found["InputDrift"] > 3


@pytest.mark.parametrize("known", [IDENTITY, {}])
def test_its_responses_name_the_model_package_where_the_environment_has_it(jobs, known: dict[str, str]) -> None:
    server = _start(jobs.boosted, **known)
    with server.connect() as connection:
        connection.sendall(_request(ROW))
        head = connection.recv(65536).partition(b"\r\n\r\n")[0]
    _end(server)
    line = f"X-Amzn-SageMaker-Custom-Attributes: model_package={PACKAGE}".encode()
    assert (line in head.split(b"\r\n")) is bool(known)


def test_without_an_identity_it_prints_no_metrics(jobs) -> None:
    server = _start(jobs.boosted, SLIPWAY_ENDPOINT_NAME="shop")
    server.ask("POST", "/invocations", ROW, Content_Type="text/csv")
    assert _stopped(server) == ["draining", "stopped"]


@pytest.mark.parametrize("change", ["no ranks", "no baseline"])
def test_an_older_artifact_is_served_and_publishes_what_it_can(jobs, tmp_path: Path, change: str) -> None:
    shutil.copytree(jobs.boosted / "model", tmp_path / "model")
    file = tmp_path / "model/baseline.json"
    baseline = json.loads(file.read_text())
    del baseline["score"]["ranks"]
    file.unlink() if change == "no baseline" else file.write_text(json.dumps(baseline))
    server = _start(tmp_path, **IDENTITY)
    rows = "\n".join(_validation_rows(jobs) * 2)
    assert server.ask("POST", "/invocations", rows.encode(), Content_Type="text/csv")[0] == 200
    found = _metrics(_stopped(server)[2])
    shifts = {"PredictionDrift", "InputDrift"} if change == "no ranks" else set()
    assert found.keys() == {"ScoredRows"} | shifts


def test_a_model_that_fails_its_warm_up_is_never_healthy(jobs, run_verb, tmp_path: Path) -> None:
    shutil.copytree(jobs.boosted / "model", tmp_path / "model")
    contract = json.loads((tmp_path / "model/contract.json").read_text())
    del contract["columns"][0]
    (tmp_path / "model/contract.json").write_text(json.dumps(contract))
    graph = onnx.load(tmp_path / "model/model.onnx")
    graph.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "columns"  # so that it loads all the same
    onnx.save(graph, tmp_path / "model/model.onnx")
    ended = run_verb(tmp_path, "serve", environment={"SAGEMAKER_BIND_TO_PORT": "0"})
    assert ended.returncode == 1
    assert ended.stdout == ""
    reason = ended.stderr.splitlines()[-1]
    assert reason.startswith("the model must score its own kind of rows before it is served: 1 as text/csv got 500")
    assert (tmp_path / "output/failure").read_text() == reason


@pytest.mark.parametrize("file", ["model.onnx", "contract.json"])
def test_it_does_not_listen_without_a_whole_artifact(jobs, run_verb, tmp_path: Path, file: str) -> None:
    shutil.copytree(jobs.boosted / "model", tmp_path / "model")
    (tmp_path / "model" / file).unlink()
    ended = run_verb(tmp_path, "serve", environment={"SAGEMAKER_BIND_TO_HOST": "127.0.0.1"})
    assert ended.returncode == 1
    assert f"{file} must be a readable file" in ended.stderr


def test_an_address_in_use_is_reported(jobs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {"SAGEMAKER_BIND_TO_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": port}
        ended = run_verb_alone(jobs.boosted, "serve", environment=environment)
    assert ended.returncode == 1
    assert f"127.0.0.1:{port} must be an address to listen on" in ended.stderr


def test_an_empty_port_is_the_usual_one(jobs) -> None:
    with socket.create_server(("127.0.0.1", 8080)) if _is_free(8080) else nullcontext():
        environment = {"SAGEMAKER_BIND_TO_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": ""}
        ended = run_verb_alone(jobs.boosted, "serve", environment=environment)
    assert "127.0.0.1:8080 must be an address to listen on" in ended.stderr


def _is_free(port: int) -> bool:
    with socket.socket() as sent:
        return sent.connect_ex(("127.0.0.1", port)) != 0


def test_an_invalid_port_is_reported(jobs, run_verb) -> None:
    ended = run_verb(jobs.boosted, "serve", environment={"SAGEMAKER_BIND_TO_PORT": "http"})
    assert ended.stderr == "SAGEMAKER_BIND_TO_PORT must be in 0..65535, got 'http'\n"
