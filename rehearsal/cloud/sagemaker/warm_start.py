"""Tuning jobs that start from the results of earlier ones.

Source: "Run a Warm Start Hyperparameter Tuning Job" in SageMaker's guide.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rehearsal.cloud.sagemaker.jobs import RUNNING
from rehearsal.cloud.sagemaker.platform import Record
from rehearsal.cloud.sagemaker.tuning_definitions import definitions_of, objective_of, searched

_IDENTICAL = "IdenticalDataAndAlgorithm"


def parents_of(request: Mapping[str, Any]) -> list[str]:
    """The names of the tuning jobs that this one starts from."""
    parents = request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", ())
    return [parent["HyperParameterTuningJobName"] for parent in parents]


def parent_errors(request: Mapping[str, Any], parent: Mapping[str, Any]) -> Iterator[str]:
    """Why `parent`, a tuning job's record, can be no parent of the job that is requested for."""
    name = parent["HyperParameterTuningJobName"]
    if (status := parent["HyperParameterTuningJobStatus"]) in RUNNING:
        yield f"parent tuning job {name} must have ended, got {status}"
    if len(definitions_of(parent)) > 1:
        yield f"parent tuning job {name} must have one training job definition, got {len(definitions_of(parent))}"
    if (own := objective_of(request)) != (theirs := objective_of(parent)):
        yield f"the objective must be that of parent tuning job {name}, {theirs}, got {own}"
    (definition,), before = definitions_of(request), definitions_of(parent)[0]
    if (count := _hyperparameters(definition, request)) != (same := _hyperparameters(before, parent)):
        yield f"static and searched hyperparameters must be {same} together, as of parent {name}, got {count}"
    if request["WarmStartConfig"]["WarmStartType"] == _IDENTICAL:
        if _image(definition) != _image(before):
            yield f"the training image must be that of parent tuning job {name} with {_IDENTICAL}"
        if definition.get("InputDataConfig") != before.get("InputDataConfig"):
            yield f"the input data must be that of parent tuning job {name} with {_IDENTICAL}"


def results_of(trials: Sequence[Record]) -> list[tuple[dict[str, str], float]]:
    """The hyperparameters and objectives of training jobs that have one, in the order of their names."""
    ordered = sorted(trials, key=lambda trial: str(trial["TrainingJobName"]))
    return [(trial["_hyperparameters"], trial["_objective"]) for trial in ordered if trial["_objective"] is not None]


def _hyperparameters(definition: Mapping[str, Any], tuning: Mapping[str, Any]) -> int:
    return len(definition.get("StaticHyperParameters", {})) + len(searched(definition, tuning))


def _image(definition: Mapping[str, Any]) -> str:
    return str(definition["AlgorithmSpecification"].get("TrainingImage"))
