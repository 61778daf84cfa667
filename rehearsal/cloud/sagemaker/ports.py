"""What the control plane needs: jobs, endpoints, pipelines, tuning, quotas."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

Detail = Mapping[str, Any]
Emit = Callable[[str, Detail, Sequence[str]], None]
"""Puts an event of aws.sagemaker on the bus: detail type, detail, resources."""

WriteLog = Callable[[str, str, Sequence[str]], None]
"""Appends lines to a log group's stream."""


class Require(Protocol):
    """Refuses `more` instances beside those `used` where the account's quota of that name is lower."""

    def __call__(self, name: str, *, used: int, more: int) -> None: ...


def unlimited(name: str, *, used: int, more: int) -> None:
    """No quota at all."""


class JobRunner(Protocol):
    """Runs one job to its end; called on a thread of its own."""

    def run_training(
        self, request: Mapping[str, Any], *, log: Callable[[str], None], stopped: threading.Event, arn: str = ""
    ) -> Any: ...

    def run_processing(
        self, request: Mapping[str, Any], *, log: Callable[[str], None], stopped: threading.Event, arn: str = ""
    ) -> Any: ...

    def run_transform(
        self,
        request: Mapping[str, Any],
        *,
        model: Mapping[str, Any],
        log: Callable[[str], None],
        stopped: threading.Event,
        arn: str = "",
    ) -> Any: ...


class EndpointFleets(Protocol):
    """The endpoints' servers; `create` and `update` return at once."""

    def create(
        self, endpoint_name: str, config: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]
    ) -> None: ...

    def update(
        self,
        endpoint_name: str,
        config: Mapping[str, Any],
        models: Mapping[str, Mapping[str, Any]],
        deployment_config: Mapping[str, Any] | None,
        *,
        retain_all_variant_properties: bool = False,
        excluded_properties: Collection[str] = frozenset(),
    ) -> None: ...

    def set_weights(self, endpoint_name: str, changes: Sequence[Mapping[str, Any]]) -> None: ...

    def delete(self, endpoint_name: str) -> None: ...

    def describe(self, endpoint_name: str) -> dict[str, Any]: ...


class StepView(Protocol):
    """A pipeline's step at one moment."""

    @property
    def type(self) -> str: ...

    def as_api(self) -> dict[str, Any]:
        """As ListPipelineExecutionSteps shows it."""


class PipelineEngine(Protocol):
    """Executes definitions; `run` is called on a thread of its own."""

    def check(self, definition: Mapping[str, Any]) -> None:
        """Raise ValueError when the definition cannot be executed."""

    def bind(self, definition: Mapping[str, Any], given: Mapping[str, str]) -> Mapping[str, Any]:
        """The value of every parameter; raise ValueError when one is unknown, missing or wrong."""

    def run(
        self,
        definition: Mapping[str, Any],
        parameters: Mapping[str, str],
        *,
        execution_arn: str,
        pipeline_name: str,
        on_step: Callable[[StepView], None],
        on_experiment: Callable[[Mapping[str, str]], None],
        stopped: threading.Event,
    ) -> Any:
        """Run to the end; the outcome has `status` and `failure_reason`. `on_experiment` gets the names, if any."""


class Tuner(Protocol):
    """Runs a tuning job to its end; called on a thread of its own."""

    def check(self, request: Mapping[str, Any]) -> None:
        """See that it can be run; raises ValueError with what SageMaker refuses."""

    def __call__(
        self,
        request: Mapping[str, Any],
        *,
        name: str,
        on_progress: Callable[[Any], None],
        stopped: threading.Event,
        earlier: Sequence[tuple[Mapping[str, str], float]],
        reported: Callable[[str], Sequence[float]],
    ) -> Any:
        """`earlier` are the results of its parents; `reported` gives a training job's objective, line by line."""
