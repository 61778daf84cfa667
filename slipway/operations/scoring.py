"""Score files with the deployed pipeline: send them, start it, follow its steps, read what became of the rows."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from slipway.errors import InputError
from slipway.operations.athena_query import AthenaQuery
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.polling import Polling
from slipway.operations.s3_documents import read_json
from slipway.settings.batch import Batch
from slipway.training.batch_keys import ASSEMBLED, MANIFEST, PUBLISHED, QUERIES, ROWS, UPLOADS, WORK
from slipway.training.batch_pipeline import INPUT_URI, OUTPUT_URI

_POLLING = Polling(longest_wait_seconds=10.0)
_REPORTS = ("batch.json", "failed_rows.jsonl")
_REFUSED = "refused"
"""A folder: beside the results of an earlier batch, the report of a refused one would seem to be theirs."""
_UNDER_WAY = ("Executing", "Stopping")


@dataclass(frozen=True)
class ScoringResult:
    """What became of a batch.

    Attributes:
        execution: its ARN.
        status: `Succeeded`, `Failed` or `Stopped`.
        reason: why it did not succeed.
        report: rows, scored, failed, drift and files; empty where it ended before there was one.
        published: where the results lie; "" where nothing was published.
        reports: where the report and the list of failed rows lie; "" where there is none.
    """

    execution: str
    status: str
    reason: str
    report: Mapping[str, Any]
    published: str
    reports: str

    @property
    def failed_rows(self) -> int:
        return int(self.report.get("failed", 0))


@dataclass(frozen=True)
class BatchScoring:
    """Starts and follows the pipeline that scores files.

    Attributes:
        client: gives a boto3 client of a service.
        pipeline: its name.
        bucket: of the artifacts.
        input_place: the address below which the jobs may read.
        polling: how often the execution is asked for.
        has_query: whether they may read the rows of scheduled queries too.
    """

    client: Callable[[str], Any]
    pipeline: str
    bucket: str
    input_place: str
    polling: Polling = _POLLING
    has_query: bool = False

    @classmethod
    def of(cls, stage: DeployedStage, batch: Batch) -> Self:
        """Of a deployed stage.

        Raises:
            RefusedError: a stack is not deployed.
        """
        data = stage.output("storage", "DataBucketName")
        return cls(
            stage.client,
            stage.output("batch", "PipelineName"),
            stage.artifacts_bucket,
            f"s3://{data}/{batch.input}",
            has_query=batch.query is not None,
        )

    def upload(self, file: Path) -> str:
        """Send a file of this machine; gives the prefix that is scored.

        Raises:
            InputError: it cannot be read, or is empty.
        """
        if not file.is_file() or not file.stat().st_size:
            raise InputError(f"--file must be a file that is not empty, got {file}")
        folder = self._new_folder()
        self.client("s3").upload_file(str(file), self.bucket, f"{folder}{file.name}")
        return f"s3://{self.bucket}/{folder}"

    def unload(self, query: AthenaQuery, report: Callable[[str], object]) -> str:
        """Run a query, with the caller's rights; gives the prefix of its rows, which is scored.

        Raises:
            LaunchError: Athena refused or failed it, or it has no rows.
        """
        rows, notes = (f"s3://{self.bucket}/{self._new_folder()}" for _ in range(2))
        query.unload(self.client, rows, results=notes, report=report, polling=self.polling)
        return rows

    def start(self, *, input_uri: str | None = None, output_uri: str | None = None) -> str:
        """Start an execution; returns its ARN.

        Raises:
            InputError: the jobs' roles may not read the input, or not write the output.
        """
        if input_uri:
            input_uri = self._readable(input_uri)
        if output_uri:
            _check_below("--output", output_uri, f"s3://{self.bucket}/{PUBLISHED}")
        given = {INPUT_URI: input_uri, OUTPUT_URI: output_uri and output_uri.rstrip("/")}
        started = self.client("sagemaker").start_pipeline_execution(
            PipelineName=self.pipeline,
            PipelineParameters=[{"Name": name, "Value": value} for name, value in given.items() if value],
        )
        return str(started["PipelineExecutionArn"])

    def query_execution(self, uri: str | None) -> str | None:
        """Name the execution of the query whose rows lie there; None where other files do.

        Raises:
            InputError: it is another place below those of queries.
        """
        queries = f"s3://{self.bucket}/{QUERIES}/"
        if not (self.has_query and uri and uri.startswith(queries)):
            return None
        execution, _, below = uri.removeprefix(queries).partition("/")
        if not execution or below.rstrip("/") not in {"", ROWS}:
            raise InputError(f"--input must be {queries}EXECUTION/ for the rows of a query, got {uri}")
        return execution

    def follow(self, arn: str, report: Callable[[str], object]) -> ScoringResult:
        """Wait for the end; `report` gets each change of a step."""
        sagemaker, seen = self.client("sagemaker"), dict[str, str]()

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            for step in self._steps(arn):
                if seen.get(step["StepName"]) != step["StepStatus"]:
                    seen[step["StepName"]] = step["StepStatus"]
                    report(f"{step['StepName']}: {step['StepStatus']}")
            return None if found["PipelineExecutionStatus"] in _UNDER_WAY else found

        return self._result(arn, self.polling.until(ended, late=""))

    def download(self, result: ScoringResult, folder: Path) -> list[Path]:
        """Fetch the published results, or of a refused batch its report and failed rows; gives the files.

        Raises:
            InputError: the folder cannot be written.
        """
        if not result.published:
            return self._fetch(result.reports, _REPORTS, folder / _REFUSED) if result.reports else []
        place = urlsplit(result.published, allow_fragments=False)
        key = f"{place.path.strip('/')}/{MANIFEST}"
        manifest = json.loads(self.client("s3").get_object(Bucket=place.netloc, Key=key)["Body"].read())
        return self._fetch(result.published, [*(each["name"] for each in manifest["objects"]), MANIFEST], folder)

    def _fetch(self, place: str, names: Iterable[str], folder: Path) -> list[Path]:
        s3, address, made = self.client("s3"), urlsplit(place, allow_fragments=False), list[Path]()
        for name in names:
            target = folder / name
            if not target.resolve().is_relative_to(folder.resolve()):
                raise RefusedError(f"an object's name must stay below {folder}, got {name}")
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(address.netloc, f"{address.path.strip('/')}/{name}", str(target))
            except OSError as exc:
                raise InputError(f"--output must be a folder that can be written, got {folder}: {exc}") from exc
            made.append(target)
        return made

    def _readable(self, uri: str) -> str:
        """What the jobs read of the input; of the folder of a query its rows, without Athena's notes beside them."""
        if execution := self.query_execution(uri):
            return f"s3://{self.bucket}/{QUERIES}/{execution}/{ROWS}/"
        if not uri.startswith(f"s3://{self.bucket}/{UPLOADS}/"):
            _check_below("--input", uri, self.input_place.rstrip("/"))
        return uri

    @staticmethod
    def _new_folder() -> str:
        return f"{UPLOADS}/{secrets.token_hex(8)}/"

    def _result(self, arn: str, found: Mapping[str, Any]) -> ScoringResult:
        id_ = arn.rpartition("/")[2]
        folder = f"{WORK}/{id_}/{ASSEMBLED}/report"
        report = read_json(self.client("s3"), self.bucket, f"{folder}/batch.json")
        output = urlsplit(f"{self._output_uri(arn)}/{id_}", allow_fragments=False)
        is_published = read_json(self.client("s3"), output.netloc, f"{output.path.strip('/')}/{MANIFEST}") is not None
        return ScoringResult(
            execution=arn,
            status=found["PipelineExecutionStatus"],
            reason=self._reason(arn, found),
            report=report or {},
            published=output.geturl() if is_published else "",
            reports="" if report is None else f"s3://{self.bucket}/{folder}",
        )

    def _reason(self, arn: str, found: Mapping[str, Any]) -> str:
        """Of the step that failed: the execution's own says only that one did."""
        if found["PipelineExecutionStatus"] == "Succeeded":
            return ""
        reasons = [step["FailureReason"] for step in self._steps(arn) if step.get("FailureReason")]
        return str(next(iter(reasons), found.get("FailureReason", "SageMaker gives no reason")))

    def _steps(self, arn: str) -> list[dict[str, Any]]:
        found = self.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
        steps: list[dict[str, Any]] = found["PipelineExecutionSteps"]
        return steps

    def _output_uri(self, arn: str) -> str:
        given = self.client("sagemaker").list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
        values = {each["Name"]: each["Value"] for each in given["PipelineParameters"]}
        return str(values.get(OUTPUT_URI) or f"s3://{self.bucket}/{PUBLISHED}")


def _check_below(name: str, uri: str, place: str) -> None:
    if uri.rstrip("/") != place and not uri.startswith(f"{place}/"):
        raise InputError(f"{name} must lie below {place}/, which the jobs' roles are limited to, got {uri}")
