"""One transform job, from its request to its outputs in S3: an object that fails fails the job, and has no output."""

import gzip
import http.client
import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rehearsal.jobs.job_host import JobHost, JobRequest
from rehearsal.jobs.job_outcomes import JobError, JobStatus, JobStopped, TransformOutcome
from rehearsal.jobs.transfer import download_required, fetch_object, split_uri, upload_file
from rehearsal.jobs.transform.data_processing import DataProcessing, RecordError
from rehearsal.jobs.transform.payloads import TransformLimits, records_of
from rehearsal.jobs.transform.served_model import ServedModel, ServeModel
from slipway.errors import LaunchError
from slipway.rounding import counted

_RETRIES, _TIMEOUT_SECONDS = 3, 600
_SHOWN = 200
_SEE_LOGS = "See job logs for more information"


def run_transform(
    host: JobHost, job_request: JobRequest, model: Mapping[str, Any], serve: ServeModel
) -> TransformOutcome:
    """Run a CreateTransformJob request to its end; `model` is the container that it names."""
    started = datetime.now(UTC)
    status: JobStatus = "Completed"
    reason = None
    with host.folder("transform", job_request.request["TransformJobName"]) as folder:
        try:
            _run(host, job_request, folder, model, serve)
        except JobStopped:
            status = "Stopped"
        except JobError as exc:
            status, reason = "Failed", exc.reason
        except LaunchError as exc:
            status, reason = "Failed", f"AlgorithmError: {exc}"[:1024]
            if job_request.stopped.is_set():  # while its server started
                status, reason = "Stopped", None
    return TransformOutcome(status, started, datetime.now(UTC), reason)


def _run(host: JobHost, job_request: JobRequest, folder: Path, model: Mapping[str, Any], serve: ServeModel) -> None:
    request = job_request.request
    source, given = request["TransformInput"], folder / "input"
    where = source["DataSource"]["S3DataSource"]
    job_request.stop_if_requested()
    download_required(host.s3, where["S3DataType"], where["S3Uri"], given)
    limits = TransformLimits.of(request, {})
    environment = {**(model.get("Environment") or {}), **request.get("Environment", {}), **limits.environment()}
    served = ServedModel(
        {**model, "Environment": environment},
        folder / "container",
        str(request["TransformResources"]["InstanceType"]),
        lambda uri, path: fetch_object(host.s3, uri, path),
        job_request.log,
        job_request.stopped,
    )
    with serve(served) as url:
        container = _Container(url, request, job_request.log)
        transformed = _Transform(job_request, container, DataProcessing.of(request), container.limits(request))
        for path in sorted(each for each in given.rglob("*") if each.is_file()):
            name = path.relative_to(given).as_posix()
            content = (
                gzip.decompress(path.read_bytes()) if source.get("CompressionType") == "Gzip" else path.read_bytes()
            )
            output = folder / "output"
            output.write_bytes(transformed.of(content, f"{where['S3Uri'].rstrip('/')}/{name}"))
            _upload(host.s3, output, request["TransformOutput"], name)


def _upload(s3: Any, output: Path, target: Mapping[str, Any], name: str) -> None:
    bucket, prefix = split_uri(target["S3OutputPath"])
    upload_file(s3, output, bucket, f"{prefix.rstrip('/')}/{name}.out", target.get("KmsKeyId"))


class _Transform:
    """One object after the other: requests of it at the same time, and its output in the order of its records."""

    def __init__(
        self, job_request: JobRequest, container: "_Container", processing: DataProcessing, limits: TransformLimits
    ) -> None:
        self._job, self._container, self._processing, self._limits = job_request, container, processing, limits
        self._split = job_request.request["TransformInput"].get("SplitType", "None")
        self._by_line = job_request.request["TransformOutput"].get("AssembleWith", "None") == "Line"

    def of(self, content: bytes, where: str) -> bytes:
        records = records_of(content, self._split)
        try:
            sent = [self._processing.filtered(record) for record in records]
        except RecordError as exc:
            raise JobError(f"ClientError: {where}: {exc}") from exc
        parts = list(self._limits.payloads(sent, where=where))

        def responded(part: slice) -> bytes:
            return self._part(records[part], sent[part], where)

        with ThreadPoolExecutor(self._limits.concurrent, thread_name_prefix="transform") as threads:
            return b"".join(threads.map(responded, parts))

    def _part(self, records: Sequence[bytes], sent: Sequence[bytes], where: str) -> bytes:
        self._job.stop_if_requested()
        response = self._container.respond(b"\n".join(sent), where)
        if not (self._by_line and self._split == "Line"):
            made = response if len(records) != 1 else self._joined(records[0], response, where)
            return made if not self._by_line or made.endswith(b"\n") else made + b"\n"
        lines = records_of(response, "Line")
        if not self._processing.is_needed:
            return b"".join(line + b"\n" for line in lines)
        if len(lines) != len(records):
            got = f"{counted(len(records), 'record')} got {counted(len(lines), 'line')}"
            raise JobError(f"ClientError: {where}: {got}, which cannot be joined")
        pairs = zip(records, lines, strict=True)
        return b"".join(self._joined(record, line, where) + b"\n" for record, line in pairs)

    def _joined(self, record: bytes, response: bytes, where: str) -> bytes:
        try:
            return self._processing.joined(record, response)
        except RecordError as exc:
            raise JobError(f"ClientError: {where}: {exc}") from exc


class _Container:
    """The HTTP of a model's server, a connection for each thread."""

    def __init__(self, url: str, request: Mapping[str, Any], log: Any) -> None:
        self._address, self._log = str(urlsplit(url).netloc), log
        client = request.get("ModelClientConfig", {})
        self._retries = int(client.get("InvocationsMaxRetries", _RETRIES))
        self._timeout = int(client.get("InvocationsTimeoutInSeconds", _TIMEOUT_SECONDS))
        self._headers = {
            name: value
            for name, value in (
                ("Content-Type", request["TransformInput"].get("ContentType")),
                ("Accept", request["TransformOutput"].get("Accept")),
            )
            if value
        }
        self._mine = threading.local()

    def limits(self, request: Mapping[str, Any]) -> TransformLimits:
        """Of the request, and what it leaves open of /execution-parameters, if the container has that."""
        names = ("MaxConcurrentTransforms", "MaxPayloadInMB", "BatchStrategy")
        if all(request.get(name) for name in names):
            return TransformLimits.of(request, {})
        status, body = self._send("GET", "/execution-parameters", b"", {})
        limits = TransformLimits.of(request, json.loads(body) if status == http.client.OK else {})
        if request["TransformInput"].get("SplitType", "None") == "None":
            limits = replace(limits, strategy="SingleRecord")
        self._log(f"[sagemaker logs]: {limits}")
        return limits

    def respond(self, payload: bytes, where: str) -> bytes:
        """Send a request, again after a failure.

        Raises:
            JobError: it failed to the last.
        """
        for attempt in range(self._retries + 1):
            try:
                status, body = self._send("POST", "/invocations", payload, self._headers)
            except (OSError, http.client.HTTPException) as exc:
                status, body = 0, str(exc).encode()
            if 200 <= status < 300:
                return body
            words = "no response" if not status else f"bad HTTP status {status}"
            self._log(
                f"[sagemaker logs]: {where}: {words}, attempt {attempt + 1}: {body[:_SHOWN].decode('utf-8', 'replace')}"
            )
        kind = "ClientError" if 400 <= status < 500 else "AlgorithmError"
        raise JobError(f"{kind}: {_SEE_LOGS}")

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = http.client.HTTPConnection(self._address, timeout=self._timeout)
        try:
            connection.request(method, path, body=body or None, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self._mine.connection = None
            raise
