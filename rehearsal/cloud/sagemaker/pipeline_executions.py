"""Pipeline executions and their steps."""

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import conflict, not_found, validation_error
from rehearsal.cloud.sagemaker.arns import random_id
from rehearsal.cloud.sagemaker.execution_events import emit_execution, emit_step
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing, paged
from rehearsal.cloud.sagemaker.pipelines import Pipelines
from rehearsal.cloud.sagemaker.platform import Platform, Record
from rehearsal.cloud.sagemaker.ports import PipelineEngine, StepView

_LISTING = Listing(
    "PipelineExecutionSummaries",
    name="PipelineExecutionArn",
    created="StartTime",
    sort_keys={"PipelineExecutionArn": "PipelineExecutionArn"},
)
_STEPS_A_PAGE = 20
_RUNNING = ("Executing", "Stopping")
_OPTIONAL = ("PipelineExecutionDisplayName", "PipelineExecutionDescription", "ParallelismConfiguration")


class PipelineExecutions:
    def __init__(self, platform: Platform, pipelines: Pipelines, engine: PipelineEngine) -> None:
        self._platform, self._pipelines, self._engine = platform, pipelines, engine
        self._executions: dict[str, Record] = {}
        self._by_token: dict[str, str] = {}

    def actions(self) -> Mapping[str, Action]:
        return {
            "StartPipelineExecution": self.start,
            "StopPipelineExecution": self.stop,
            "DescribePipelineExecution": self.describe,
            "ListPipelineExecutions": self.list,
            "ListPipelineExecutionSteps": self.list_steps,
            "ListPipelineParametersForExecution": self.list_parameters,
            "DescribePipelineDefinitionForExecution": self.describe_definition,
        }

    def start(self, request: Record) -> Record:
        pipeline = self._pipelines.get(request["PipelineName"])
        token = request.get("ClientRequestToken", "")
        if token in self._by_token:
            return {"PipelineExecutionArn": self._by_token[token]}
        given = {each["Name"]: each["Value"] for each in request.get("PipelineParameters", ())}
        try:
            values = self._engine.bind(pipeline["_document"], given)
        except ValueError as exc:
            raise validation_error(str(exc)) from exc
        execution_arn = f"{pipeline['PipelineArn']}/execution/{random_id(12)}"
        now = self._platform.now()
        execution: Record = {
            **{key: request[key] for key in _OPTIONAL if key in request},
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": execution_arn,
            "PipelineExecutionStatus": "Executing",
            "CreationTime": now,
            "StartTime": now,
            "LastModifiedTime": now,
            "CreatedBy": {},
            "LastModifiedBy": {},
            "_pipeline": pipeline,
            "_definition": pipeline["PipelineDefinition"],
            "_document": pipeline["_document"],
            "_given": given,
            "_parameters": {name: _text(value) for name, value in values.items()},
            "_steps": {},
        }
        execution.setdefault("PipelineExecutionDisplayName", f"execution-{int(now.timestamp() * 1000)}")
        self._executions[execution_arn] = execution
        self._by_token |= {token: execution_arn} if token else {}
        pipeline |= {"LastRunTime": now, "_executing": pipeline.get("_executing", 0) + 1}
        self._emit(execution, previous="Executing")
        name = f"pipeline-{execution_arn.rpartition('/')[2]}"
        execution["_stop"] = self._platform.workers.start(name, lambda stopped: self._run(execution, stopped))
        return {"PipelineExecutionArn": execution_arn}

    def _run(self, execution: Record, stopped: threading.Event) -> None:
        ended = {"PipelineExecutionStatus": "Failed", "FailureReason": "the embedded AWS could not run the pipeline"}
        try:
            outcome: Any = self._engine.run(
                execution["_document"],
                execution["_given"],
                execution_arn=execution["PipelineExecutionArn"],
                pipeline_name=execution["_pipeline"]["PipelineName"],
                on_step=lambda step: self._on_step(execution, step),
                on_experiment=lambda names: execution.update({"PipelineExperimentConfig": dict(names)}),
                stopped=stopped,
            )
            ended = {"PipelineExecutionStatus": outcome.status}
            if outcome.failure_reason:
                ended["FailureReason"] = outcome.failure_reason
        except Exception as exc:
            ended["FailureReason"] = f"InternalServerError: {exc}"
            raise
        finally:
            with self._platform.lock:
                previous = execution["PipelineExecutionStatus"]
                execution |= {**ended, "LastModifiedTime": self._platform.now()}
                execution["_pipeline"]["_executing"] -= 1
                self._emit(execution, previous=previous)

    def _on_step(self, execution: Record, step: StepView) -> None:
        row = step.as_api()
        with self._platform.lock:
            previous = execution["_steps"].get(row["StepName"], {}).get("StepStatus")
            execution["_steps"][row["StepName"]] = {**row, "_type": step.type}
            execution["LastModifiedTime"] = self._platform.now()
            if previous != row["StepStatus"]:
                emit_step(self._platform.emit, execution, row, kind=step.type, previous=previous)

    def stop(self, request: Record) -> Record:
        execution = self._get(request)
        if execution["PipelineExecutionStatus"] not in _RUNNING:
            raise conflict(
                f"Pipeline execution {execution['PipelineExecutionArn']} has already ended with status "
                f"{execution['PipelineExecutionStatus']}"
            )
        if execution["PipelineExecutionStatus"] == "Executing":
            execution["PipelineExecutionStatus"] = "Stopping"
            self._emit(execution, previous="Executing")
        execution["_stop"].set()
        return {"PipelineExecutionArn": execution["PipelineExecutionArn"]}

    def describe(self, request: Record) -> Record:
        return self._get(request)

    def list(self, request: Record) -> Record:
        pipeline_arn = self._pipelines.get(request["PipelineName"])["PipelineArn"]
        found = [e for e in self._executions.values() if e["PipelineArn"] == pipeline_arn]
        shown = [{**e, "PipelineExecutionFailureReason": e.get("FailureReason")} for e in found]
        return _LISTING.answer(shown, request)

    def list_steps(self, request: Record) -> Record:
        """Newest first, as on AWS; ascending order is that of the steps' starts."""
        steps = sorted(self._get(request)["_steps"].values(), key=lambda step: step["StartTime"])
        if request.get("SortOrder", "Descending") == "Descending":
            steps.reverse()
        return paged("PipelineExecutionSteps", steps, request, default=_STEPS_A_PAGE)

    def list_parameters(self, request: Record) -> Record:
        parameters = [{"Name": name, "Value": value} for name, value in self._get(request)["_parameters"].items()]
        return paged("PipelineParameters", parameters, request, default=50)

    def describe_definition(self, request: Record) -> Record:
        execution = self._get(request)
        return {"PipelineDefinition": execution["_definition"], "CreationTime": execution["CreationTime"]}

    def _get(self, request: Record) -> Record:
        execution_arn = request["PipelineExecutionArn"]
        if execution_arn not in self._executions:
            raise not_found(f"Pipeline execution with ARN {execution_arn} does not exist.")
        return self._executions[execution_arn]

    def _emit(self, execution: Record, *, previous: str) -> None:
        ended = execution["PipelineExecutionStatus"] not in _RUNNING
        emit_execution(self._platform.emit, execution, previous=previous, ended=ended)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
