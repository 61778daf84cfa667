"""The state machine that starts the monitoring job for a period that has ended; JSONata, which reckons with times."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.canary.observed_keys import OUTCOME_KEYS
from slipway.settings import Settings
from slipway.training.monitoring_job import (
    CAPTURED,
    ONLY_OUTCOMES,
    ONLY_REQUESTS,
    OUTCOMES,
    capture_prefix,
    job_prefix,
    processing_inputs,
    processing_request,
    report_prefix,
)

SETTLE_SECONDS = 20 * 60
"""Captured requests reach S3 some minutes late; Model Monitor waits as long."""

_TASK = "arn:aws:states:::aws-sdk:"
_RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 4, "BackoffRate": 2}]


def monitor_machine(settings: Settings, *, definition: Mapping[str, Any], bucket: str) -> dict[str, Any]:
    """The definition.

    Where outcomes come late, the input `{"only": "outcomes"}` has it examine an older period beside them.
    """
    captured = capture_prefix(settings)
    examined = "ListOutcomes" if not settings.monitoring.outcomes_after_hours else "IsForOutcomes"
    with_outcomes, without = _requests(settings, definition, bucket=bucket)
    states = {
        **_period(settings, then="ListCaptured"),
        "ListCaptured": _list(bucket, f"{{% '{captured}' & $folder & '/' %}}", "captured", then="WasCaptured"),
        "WasCaptured": _choose("$captured > 0", then=examined, otherwise="NothingCaptured"),
        # SageMaker fails a job whose input holds nothing.
        "NothingCaptured": {"Type": "Succeed", "Comment": "Nobody asked the endpoint, or there is none"},
        "ListOutcomes": _list(bucket, f"{OUTCOME_KEYS}/", "outcomes", then="AreOutcomes"),
        "AreOutcomes": _choose("$outcomes > 0", then="StartWithOutcomes", otherwise="Start"),
        "StartWithOutcomes": _start(with_outcomes),
        "Start": _start(without),
    }
    if settings.monitoring.outcomes_after_hours:
        states["IsForOutcomes"] = _choose("$for_outcomes", then="ListOutcomes", otherwise="Start")
        states["AreOutcomes"] = _choose("$outcomes > 0", then="StartWithOutcomes", otherwise="NoOutcomes")
        states["NoOutcomes"] = {"Type": "Succeed", "Comment": "Nobody has told any"}
    return {
        "Comment": f"Examines what {settings.names.endpoint} was asked and answered",
        "QueryLanguage": "JSONata",
        "StartAt": "Settle",
        "TimeoutSeconds": 7200,
        "States": states,
    }


def _period(settings: Settings, *, then: str) -> dict[str, Any]:
    """From `Settle`: which period is examined, as `$start`, `$end` and the `$folder` of its requests."""
    monitoring = settings.monitoring
    period, back = (hours * 3600 * 1000 for hours in (monitoring.period_hours, monitoring.outcomes_after_hours))
    folder = "[Y0001]/[M01]/[D01]/[H01]" if monitoring.period_hours == 1 else "[Y0001]/[M01]/[D01]"
    time = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]Z"
    begun = "$toMillis($states.context.Execution.StartTime)"
    until, which = begun, {}
    if back:
        asked = f"$states.input.only = '{ONLY_OUTCOMES}'"
        until, which = f"({begun} - ({asked} ? {back} : 0))", {"for_outcomes": f"{{% {asked} %}}"}
    stop = f"$floor({until} / {period}) * {period}"
    return {
        "Settle": {
            "Type": "Wait",
            "Seconds": SETTLE_SECONDS,
            "Assign": {"begun": f"{{% {begun} %}}", "stop": f"{{% {stop} %}}", **which},
            "Next": "Name",
        },
        "Name": {
            "Type": "Pass",
            "Assign": {
                "folder": f"{{% $fromMillis($stop - {period}, '{folder}') %}}",
                "start": f"{{% $fromMillis($stop - {period}, '{time}') %}}",
                "end": f"{{% $fromMillis($stop, '{time}') %}}",
            },
            "Next": then,
        },
    }


def _requests(
    settings: Settings, definition: Mapping[str, Any], *, bucket: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What CreateProcessingJob is asked: with outcomes beside the requests, and without."""
    captured, reports = capture_prefix(settings), f"s3://{bucket}/{report_prefix(settings)}"
    (requests,) = processing_inputs({CAPTURED: f"{{% 's3://{bucket}/{captured}' & $folder & '/' %}}"})
    (outcomes,) = processing_inputs({OUTCOMES: f"s3://{bucket}/{OUTCOME_KEYS}/"})

    def request(inputs: Sequence[Mapping[str, Any]], only: str, folder: str = "") -> dict[str, Any]:
        made = processing_request(
            definition,
            settings,
            name=f"{{% '{job_prefix(settings.names)}-' & $fromMillis($begun, '[Y0001][M01][D01][H01][m01][s01]') %}}",
            sources={},
            reports=f"{{% '{reports}{folder}' & $folder %}}",
            start="{% $start %}",
            end="{% $end %}",
        )
        if settings.monitoring.outcomes_after_hours:
            application = made["AppSpecification"]
            arguments = [*application["ContainerArguments"], f"--only={only}"]
            made["AppSpecification"] = {**application, "ContainerArguments": arguments}
        return {**made, "ProcessingInputs": list(inputs)}

    late = f"{OUTCOME_KEYS}/" if settings.monitoring.outcomes_after_hours else ""
    both = [requests, {**outcomes, "InputName": "outcomes"}]
    return request(both, ONLY_OUTCOMES, late), request([requests], ONLY_REQUESTS)


def _list(bucket: str, prefix: str, counted: str, *, then: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"{_TASK}s3:listObjectsV2",
        "Arguments": {"Bucket": bucket, "Prefix": prefix, "MaxKeys": 1},
        "Assign": {counted: "{% $states.result.KeyCount %}"},
        "Retry": _RETRY,
        "Next": then,
    }


def _choose(condition: str, *, then: str, otherwise: str) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": [{"Condition": f"{{% {condition} %}}", "Next": then}], "Default": otherwise}


def _start(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"{_TASK}sagemaker:createProcessingJob",
        "Arguments": dict(request),
        "Retry": _RETRY,
        "End": True,
    }
