"""A tuning step: many training jobs, the best of which goes on."""

from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.settings import CategoricalRange, Tuning
from slipway.training.references import Join
from slipway.training.step import Step
from slipway.training.training_step import TrainingJob


@dataclass(frozen=True, kw_only=True)
class TuningStep(Step):
    """The job's hyperparameters are fixed; `tuning.ranges` are searched for the highest `objective_metric`."""

    type: ClassVar[str] = "Tuning"

    job: TrainingJob
    tuning: Tuning
    objective_metric: str

    def arguments(self) -> dict[str, Any]:
        return {
            "HyperParameterTuningJobConfig": {
                "Strategy": self.tuning.strategy,
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": self.objective_metric},
                "ResourceLimits": _resource_limits(self.tuning),
                "ParameterRanges": _parameter_ranges(self.tuning),
                "TrainingJobEarlyStoppingType": "Off",
                "RandomSeed": self.tuning.seed,
            },
            "TrainingJobDefinition": {
                "StaticHyperParameters": dict(self.job.hyperparameters),
                **self.job.request(),
            },
            **self.job.compute.tagged(),
        }

    @property
    def best_model(self) -> Join:
        """Where the best job's `model.tar.gz` lies in S3.

        The path has no execution id: a cached step's model lies where the execution that trained it put it.
        """
        best = self.value("BestTrainingJob.TrainingJobName")
        return Join((self.job.output_path, best, "output/model.tar.gz"), on="/")


def _resource_limits(tuning: Tuning) -> dict[str, int]:
    limits = {"MaxParallelTrainingJobs": tuning.max_parallel_jobs}
    # A grid has as many jobs as combinations; SageMaker refuses any other number.
    return limits if tuning.strategy == "Grid" else {"MaxNumberOfTrainingJobs": tuning.max_jobs, **limits}


def _parameter_ranges(tuning: Tuning) -> dict[str, list[dict[str, Any]]]:
    ranges: dict[str, list[dict[str, Any]]] = {
        "ContinuousParameterRanges": [],
        "IntegerParameterRanges": [],
        "CategoricalParameterRanges": [],
    }
    for name, bounds in tuning.ranges.items():
        kind = f"{bounds.type.capitalize()}ParameterRanges"
        if isinstance(bounds, CategoricalRange):
            ranges[kind].append({"Name": name, "Values": list(bounds.values)})
        else:
            limits = {"MinValue": str(bounds.min), "MaxValue": str(bounds.max)}
            ranges[kind].append({"Name": name, **limits, "ScalingType": bounds.scaling})
    return {kind: found for kind, found in ranges.items() if found}
