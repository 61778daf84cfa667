"""The parts of a tuning job's request that are the same whether it has one training job definition or several."""

from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.sagemaker.platform import Record


def definitions_of(request: Mapping[str, Any]) -> list[Record]:
    """TrainingJobDefinition, or TrainingJobDefinitions."""
    return list(request.get("TrainingJobDefinitions") or [request["TrainingJobDefinition"]])


def definition_of(job: Mapping[str, Any], tuning: Mapping[str, Any]) -> Record:
    """The definition that a training job was made from: the one whose static hyperparameters it has."""
    given = job.get("HyperParameters", {}).items()
    definitions = definitions_of(tuning)
    static = (each.get("StaticHyperParameters", {}).items() for each in definitions)
    return next((each for each, fixed in zip(definitions, static, strict=True) if fixed <= given), definitions[0])


def objective_of(tuning: Mapping[str, Any]) -> Record:
    """HyperParameterTuningJobObjective; with several definitions each has it, all the same."""
    own = tuning["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective")
    found: Record = own or definitions_of(tuning)[0]["TuningObjective"]
    return found


def searched(definition: Mapping[str, Any], tuning: Mapping[str, Any]) -> set[str]:
    """The names of the hyperparameters that are searched."""
    shared = tuning["HyperParameterTuningJobConfig"].get("ParameterRanges", {})
    ranges = shared or definition.get("HyperParameterRanges", {})
    return {each["Name"] for kind in ranges.values() if isinstance(kind, list) for each in kind if "Name" in each}
