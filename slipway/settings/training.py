"""Where training runs, and for how long."""

import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from slipway.settings.own_container import Command, ImageUri
from slipway.settings.section import InstanceType, Section, matching, raise_each

_LONGEST_SECONDS = 432_000
PATHS = ("script", "requirements")
"""The keys that name files, below the folder of the settings' own file."""


MetricName = Annotated[str, matching(r"^[^\r\n]+$", "the name of a metric such as validation:auc", max_length=255)]
Regex = Annotated[str, StringConstraints(min_length=1, max_length=500)]
FilePath = Annotated[str, matching(r"^[^\r\n]+$", "the path of a file, in one line", max_length=1024)]


class Training(Section):
    """Where jobs run, and for how long."""

    processing_instance_type: InstanceType = "ml.m5.large"
    """Instance type of Prepare, Evaluate, the gates and the monitoring job."""
    training_instance_type: InstanceType = "ml.m5.xlarge"
    """Instance type of training jobs."""
    max_runtime_seconds: int = Field(3600, ge=60, le=_LONGEST_SECONDS)
    """Longest duration of a job."""
    script: FilePath | None = None
    """A training script of your own, as a path from this file: it runs in the image, and leaves an ONNX graph."""
    requirements: FilePath | None = None
    """What pip installs into the image for the script, as a path from this file to a requirements file."""
    image: ImageUri | None = None
    """Image in ECR that trains in place of Slipway's, one of your own or `sagemaker-xgboost:<version>`.

    It reads the splits, and leaves a model in /opt/ml/model.
    """
    metric_definitions: dict[MetricName, Regex] = Field(default_factory=dict, max_length=40)
    """Metrics that the image prints, each with the regular expression whose first group is the number.

    `validation:` with the gate's metric must be among them: the search goes by it.
    """
    local_command: Command | None = None
    """What starts your own training in a rehearsal without Docker: the image's entry point; files from this file on."""
    folds: int = Field(0, ge=0, le=20)
    """Folds of cross-validation in each training job, for small tables; 0 for one validation split."""
    split_days: int = Field(45, ge=8, le=3650)
    """Days after which the splits, which hold users' rows, are deleted; cached steps are reused for a week less."""
    experiments: bool = True
    """Whether SageMaker Experiments records each execution: a trial, with a component for each job."""
    spot: bool = False
    """Whether training runs on spot instances; an interrupted job continues from its last checkpoint."""
    max_wait_seconds: int | None = Field(None, le=2 * _LONGEST_SECONDS)
    """Longest time from a spot job's start to its end, waits included; by default twice `max_runtime_seconds`."""

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        if self.folds == 1:
            yield "folds must be 0 or at least 2, got 1"
        yield from self._script_errors()
        yield from self._image_errors()
        if (waits := self.max_wait_seconds) is None:
            return
        if not self.spot:
            yield f"max_wait_seconds must be left out without spot, got {waits}"
        elif waits < self.max_runtime_seconds:
            yield f"max_wait_seconds must be at least max_runtime_seconds {self.max_runtime_seconds}, got {waits}"

    def _script_errors(self) -> Iterator[str]:
        if self.script is None:
            if self.requirements is not None:
                yield f"requirements must be left out without script, got {self.requirements}"
            return
        if not self.script.endswith(".py"):
            yield f"script must be a Python file, got {self.script}"
        if self.folds:
            yield f"folds must be 0 with script, which is run once a job and validates as it likes, got {self.folds}"

    def _image_errors(self) -> Iterator[str]:
        if self.image is None:
            for key in ("metric_definitions", "local_command"):
                if self.differs_in(key):
                    yield f"{key} must be left out without image"
            return
        if self.script is not None:
            yield f"script must be left out with image, which trains by itself, got {self.script}"
        if self.folds:
            yield f"folds must be 0 with image, which validates as it likes, got {self.folds}"
        for name, regex in self.metric_definitions.items():
            try:
                groups = re.compile(regex).groups
            except re.error as exc:
                yield f"metric_definitions.{name} must be a regular expression, got {regex}: {exc}"
                continue
            if not groups:
                yield f"metric_definitions.{name} must have a group for the number, got {regex}"

    @property
    def wait_seconds(self) -> int | None:
        """`MaxWaitTimeInSeconds` of a training job; None on demand."""
        return (self.max_wait_seconds or 2 * self.max_runtime_seconds) if self.spot else None
