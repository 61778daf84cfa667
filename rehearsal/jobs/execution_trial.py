"""The experiment and the trial of a pipeline execution, as `PipelineExperimentConfig` names them."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.jobs.expressions import Scope, as_text, resolve
from rehearsal.jobs.step_actions import call

_EXISTS = "already exists"


def experiment_config(given: Mapping[str, Any] | None, scope: Scope) -> dict[str, str] | None:
    """The names in `ExperimentConfig`'s form; by default those of the pipeline and of the execution.

    Raises:
        UnresolvedError: a reference leads nowhere.
    """
    if given is None:
        return None
    names = {"ExperimentName": {"Get": "Execution.PipelineName"}, "TrialName": {"Get": "Execution.PipelineExecutionId"}}
    return {name: as_text(resolve(given.get(name, default), scope)) for name, default in names.items()}


def begin(sagemaker: Any, config: Mapping[str, str]) -> None:
    """Make both where they are not there yet.

    Raises:
        StepFailure: SageMaker refuses a call.
    """
    named = {"ExperimentName": config["ExperimentName"]}
    call("CreateExperiment", _unless_there(sagemaker.create_experiment), **named)
    call("CreateTrial", _unless_there(sagemaker.create_trial), **config)


def _unless_there(create: Any) -> Any:
    def created(**arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = create(**arguments)
        except ClientError as exc:
            if _EXISTS not in exc.response["Error"].get("Message", ""):
                raise
            return {}
        return answer

    return created
