"""The pipeline interpreter as the control plane's port."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.jobs.interpreter import (
    DefinitionError,
    PipelineRun,
    RunOutcome,
    StepCache,
    StepRecord,
    read_definition,
)
from rehearsal.jobs.pipeline_parameters import bind

ClientFactory = Callable[[str], Any]


class LocalPipelineEngine:
    """Runs definitions against this very control plane, through its own HTTP API.

    Args:
        clients_of: boto3 clients that act as the role of the pipeline of that name.
        speed: waits last 1/speed of their time.
    """

    def __init__(self, clients_of: Callable[[str], ClientFactory], *, speed: float) -> None:
        self._clients_of, self._speed = clients_of, speed
        self._cache = StepCache()

    def check(self, definition: Mapping[str, Any]) -> None:
        try:
            read_definition(definition)
        except DefinitionError as exc:
            raise ValueError(str(exc)) from exc

    def bind(self, definition: Mapping[str, Any], given: Mapping[str, str]) -> Mapping[str, Any]:
        return bind(read_definition(definition).parameters, given)

    def run(
        self,
        definition: Mapping[str, Any],
        parameters: Mapping[str, str],
        *,
        execution_arn: str,
        pipeline_name: str,
        on_step: Callable[[StepRecord], None],
        on_experiment: Callable[[Mapping[str, str]], None],
        stopped: threading.Event,
    ) -> RunOutcome:
        client = self._clients_of(pipeline_name)
        run = PipelineRun(
            definition,
            parameters,
            execution_arn=execution_arn,
            pipeline_name=pipeline_name,
            sagemaker=client("sagemaker"),
            s3=client("s3"),
            on_step=on_step,
            cache=self._cache,
            stopped=stopped,
            speed=self._speed,
        )
        if run.experiment is not None:
            on_experiment(run.experiment)
        return run.run()
