"""A pipeline definition (2020-12-01) as typed objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rehearsal.jobs.pipeline_parameters import PipelineParameter
from rehearsal.jobs.retries import RetryPolicy
from slipway.errors import LaunchError

VERSION = "2020-12-01"
STEP_TYPES = ("Processing", "Training", "Tuning", "Condition", "Fail", "RegisterModel", "Model", "Transform")
EXECUTION_VARIABLES = (
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "StartDateTime",
    "CurrentDateTime",
)


class DefinitionError(LaunchError):
    """The definition cannot be run; every error found is in the text, a line each."""


@dataclass(frozen=True)
class PropertyFile:
    output_name: str
    file_path: str


@dataclass(frozen=True)
class Branch:
    """The side of a Condition step that a step belongs to."""

    condition: str
    outcome: bool


@dataclass(frozen=True)
class Step:
    name: str
    type: str
    arguments: Mapping[str, Any]
    needs: frozenset[str]
    """Every step that must have succeeded first: DependsOn, references, and the Condition it belongs to."""
    branch: Branch | None = None
    property_files: Mapping[str, PropertyFile] = field(default_factory=dict)
    retry_policies: tuple[RetryPolicy, ...] = ()
    cache_max_age: timedelta | None = None
    display_name: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Definition:
    parameters: Mapping[str, PipelineParameter]
    steps: Mapping[str, Step]
    """Every step, those inside Condition steps too."""
    experiment: Mapping[str, Any] | None = None
    """`PipelineExperimentConfig`; without one, an execution has no experiment."""
