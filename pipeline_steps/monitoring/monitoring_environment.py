"""The environment that Model Monitor gives a container of one's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from pipeline_steps.errors import ArgumentError
from pipeline_steps.paths import Paths

_ROOT = "/opt/ml"


@dataclass(frozen=True)
class MonitoringEnvironment:
    """The period, where its data lies and its reports go; `dimensions` name the endpoint and the schedule.

    `baseline_statistics` is not read: the model's artifact has its own, with every bin.
    """

    source: Path
    output: Path
    start: datetime | None
    end: datetime | None
    constraints: Path | None
    publishes: bool
    dimensions: Mapping[str, str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], paths: Paths) -> Self:
        """Read the variables; a processing job that no schedule started may leave out any of them.

        Raises:
            ArgumentError: a time is none, or the data is of another form than data capture's.
        """
        form = environment.get("dataset_format", "")
        if form and "capture" not in form.lower():
            raise ArgumentError(f"dataset_format must be sagemakerCaptureJson, got {form!r}")
        named = {
            "Endpoint": environment.get("sagemaker_endpoint_name", ""),
            "MonitoringSchedule": environment.get("sagemaker_monitoring_schedule_name", ""),
        }
        constraints = environment.get("baseline_constraints", "")
        source, output = environment.get("dataset_source"), environment.get("output_path")
        return cls(
            source=_local(source, paths) if source else paths.processing_input("endpoint"),
            output=_local(output, paths) if output else paths.processing_output("monitoring"),
            start=_time(environment, "start_time"),
            end=_time(environment, "end_time"),
            constraints=_local(constraints, paths) if constraints else None,
            publishes=environment.get("publish_cloudwatch_metrics") == "Enabled",
            dimensions={name: value for name, value in named.items() if value},
        )


def _local(text: str, paths: Paths) -> Path:
    """Find a path of the container's below the tree's root, wherever that has been moved to."""
    path = Path(text)
    return paths.root / path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path


def _time(environment: Mapping[str, str], name: str) -> datetime | None:
    if not (text := environment.get(name)):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ArgumentError(f"{name} must be an ISO 8601 time, got {text!r}") from exc
    if found.tzinfo is None:
        raise ArgumentError(f"{name} must have a time zone, got {text!r}")
    return found
