"""The events of pipeline executions and of their steps, as AWS documents them."""

from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.sagemaker.platform import Record, iso
from rehearsal.cloud.sagemaker.ports import Emit

_EXECUTION = "SageMaker Model Building Pipeline Execution Status Change"
_STEP = "SageMaker Model Building Pipeline Execution Step Status Change"


def emit_execution(emit: Emit, execution: Record, *, previous: str, ended: bool) -> None:
    """An execution has gone from the status `previous` to its present one."""
    whose = _whose(execution)
    detail = {
        "pipelineExecutionDisplayName": execution["PipelineExecutionDisplayName"],
        "currentPipelineExecutionStatus": execution["PipelineExecutionStatus"],
        "previousPipelineExecutionStatus": previous,
        "executionStartTime": execution["CreationTime"],
        "executionEndTime": execution["LastModifiedTime"] if ended else None,
        "pipelineExecutionDescription": execution.get("PipelineExecutionDescription"),
        **whose,
    }
    emit(_EXECUTION, _known(detail), list(whose.values()))


def emit_step(emit: Emit, execution: Record, row: Mapping[str, Any], *, kind: str, previous: str | None) -> None:
    """A step of the execution has a new status."""
    whose = _whose(execution)
    detail = {
        "metadata": _lower_camel(row.get("Metadata", {})),
        "stepStartTime": row["StartTime"],
        "stepEndTime": row.get("EndTime"),
        "stepName": row["StepName"],
        "stepType": kind,
        "previousStepStatus": previous,
        "currentStepStatus": row["StepStatus"],
        "failureReason": row.get("FailureReason"),
        "cacheHitResult": _lower_camel(row.get("CacheHitResult")),
        **whose,
    }
    emit(_STEP, _known(detail), list(whose.values()))


def _whose(execution: Record) -> dict[str, str]:
    return {"pipelineArn": execution["PipelineArn"], "pipelineExecutionArn": execution["PipelineExecutionArn"]}


def _known(detail: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = iso({key: value for key, value in detail.items() if value is not None})
    return known


def _lower_camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _lower_camel(item) for key, item in value.items()}
    return value
