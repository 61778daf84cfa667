"""The training jobs that a tuning job asks for: one definition, or one for each algorithm."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.jobs.tuning.ranges import ParameterRange, read_ranges

_COPIED = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)


@dataclass(frozen=True)
class DefinitionPlan:
    """One definition, its objective and the ranges that its hyperparameters are drawn from."""

    name: str | None
    """DefinitionName; None where it is the only one."""
    metric_name: str
    maximize: bool
    ranges: tuple[ParameterRange, ...]
    definition: Mapping[str, Any]
    """HyperParameterTrainingJobDefinition."""

    @property
    def objective(self) -> dict[str, str]:
        """HyperParameterTuningJobObjective."""
        return {"Type": "Maximize" if self.maximize else "Minimize", "MetricName": self.metric_name}

    @property
    def hyperparameters(self) -> int:
        """How many a job has, static and searched together."""
        return len(self.definition.get("StaticHyperParameters", {})) + len(self.ranges)

    def training_request(self, job_name: str, candidate: Mapping[str, str]) -> dict[str, Any]:
        """The CreateTrainingJob request of one candidate."""
        tuned = {**candidate, "_tuning_objective_metric": self.metric_name}
        return {
            **{key: self.definition[key] for key in _COPIED if key in self.definition},
            "TrainingJobName": job_name,
            "HyperParameters": {**self.definition.get("StaticHyperParameters", {}), **tuned},
        }


def definitions_of(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """TrainingJobDefinition, or TrainingJobDefinitions.

    Raises:
        ValueError: there is neither, or there are both.
    """
    single, several = request.get("TrainingJobDefinition"), request.get("TrainingJobDefinitions")
    if bool(single) == bool(several):
        raise ValueError("a tuning job must have either TrainingJobDefinition or TrainingJobDefinitions")
    return list(several) if several else [single]  # type: ignore[list-item]  # one of them is there


def objective_of(config: Mapping[str, Any], definition: Mapping[str, Any]) -> Mapping[str, str]:
    """A definition's own objective, or the tuning job's.

    Raises:
        ValueError: there is neither.
    """
    objective = definition.get("TuningObjective") or config.get("HyperParameterTuningJobObjective")
    if not objective:
        raise ValueError("a tuning job must have an objective: HyperParameterTuningJobObjective or TuningObjective")
    found: Mapping[str, str] = objective
    return found


def read_definitions(request: Mapping[str, Any]) -> tuple[DefinitionPlan, ...]:
    """Read every definition with its objective and ranges.

    Raises:
        ValueError: one of them cannot be run.
    """
    plans = tuple(_plans(request))
    names = [plan.name for plan in plans]
    if len(set(names)) < len(names):
        raise ValueError(f"DefinitionName must differ, got {', '.join(map(str, names))}")
    if len({(plan.metric_name, plan.maximize) for plan in plans}) > 1:
        raise ValueError("TuningObjective must be the same in every definition: their jobs are compared by it")
    return plans


def _plans(request: Mapping[str, Any]) -> Iterator[DefinitionPlan]:
    config, definitions = request["HyperParameterTuningJobConfig"], definitions_of(request)
    several = "TrainingJobDefinitions" in request
    shared = [key for key in ("HyperParameterTuningJobObjective", "ParameterRanges") if key in config]
    if several and shared:
        raise ValueError(f"{', '.join(shared)} must be given in each of TrainingJobDefinitions, not beside them")
    for definition in definitions:
        name = definition.get("DefinitionName")
        if several and not name:
            raise ValueError("DefinitionName must be given in each of TrainingJobDefinitions")
        objective = objective_of(config, definition)
        ranges = read_ranges(config.get("ParameterRanges") or definition.get("HyperParameterRanges", {}))
        both = {each.name for each in ranges} & definition.get("StaticHyperParameters", {}).keys()
        if both:
            listed = ", ".join(sorted(both))
            raise ValueError(f"hyperparameters must be either static or searched, got both for {listed}")
        _check_metric(definition, objective["MetricName"])
        yield DefinitionPlan(name, objective["MetricName"], objective["Type"] == "Maximize", ranges, definition)


def _check_metric(definition: Mapping[str, Any], name: str) -> None:
    defined = [each["Name"] for each in definition["AlgorithmSpecification"].get("MetricDefinitions", ())]
    if name not in defined:
        raise ValueError(
            f"objective metric must be one of MetricDefinitions ({', '.join(defined) or 'none'}), got {name}"
        )
