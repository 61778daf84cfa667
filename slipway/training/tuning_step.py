"""A tuning step: many training jobs of one algorithm or several, the best of which goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.settings import CategoricalRange, Settings
from slipway.settings.hyperparameters import IMAGE
from slipway.settings.ranges import ParameterRange
from slipway.settings.search import AlgorithmSearch
from slipway.training.references import Get, Join, Text
from slipway.training.step import Step
from slipway.training.training_step import TrainingJob

_OBJECTIVES = {"maximize": "Maximize", "minimize": "Minimize"}


@dataclass(frozen=True, kw_only=True)
class TuningStep(Step):
    """The settings' search, in which every job is `job` with hyperparameters of its own.

    SageMaker describes a search over one algorithm by `TrainingJobDefinition`, with the objective and the ranges in the
    tuning job's configuration; over several by `TrainingJobDefinitions`, each with its own.
    """

    type: ClassVar[str] = "Tuning"

    job: TrainingJob
    settings: Settings
    objective_metric: str

    def arguments(self) -> dict[str, Any]:
        searches = self.settings.search.searches
        config = self._config()
        if len(searches) > 1:
            definitions: dict[str, Any] = {
                "TrainingJobDefinitions": [self._named_definition(each) for each in searches]
            }
        else:
            config |= {
                "HyperParameterTuningJobObjective": self._objective(),
                "ParameterRanges": _parameter_ranges(searches[0].ranges),
            }
            definitions = {"TrainingJobDefinition": self._definition(searches[0])}
        return {
            "HyperParameterTuningJobConfig": config,
            **definitions,
            **self._warm_start(),
            **self.job.compute.tagged(),
        }

    def _config(self) -> dict[str, Any]:
        tuning, search = self.settings.tuning, self.settings.search
        limits = {"MaxParallelTrainingJobs": search.parallel_jobs}
        # A grid has as many jobs as combinations; SageMaker refuses any other number.
        if tuning.strategy != "Grid":
            limits = {"MaxNumberOfTrainingJobs": search.jobs, **limits}
        config: dict[str, Any] = {
            "Strategy": tuning.strategy,
            "ResourceLimits": limits,
            "TrainingJobEarlyStoppingType": "Auto" if tuning.early_stopping else "Off",
            "RandomSeed": tuning.seed,
        }
        if tuning.strategy == "Hyperband":
            resources = {"MinResource": tuning.resources.min_resource, "MaxResource": tuning.resources.max_resource}
            config["StrategyConfig"] = {"HyperbandStrategyConfig": resources}
        return config

    def _objective(self) -> dict[str, str]:
        return {"Type": _OBJECTIVES[self.settings.direction], "MetricName": self.objective_metric}

    def _definition(self, search: AlgorithmSearch) -> dict[str, Any]:
        # An image of the user's own has one algorithm, and may refuse a hyperparameter that it does not know.
        algorithm = {} if search.algorithm == IMAGE else {"algorithm": search.algorithm}
        static: dict[str, Text] = {**self.job.hyperparameters, **algorithm, **search.fixed}
        return {"StaticHyperParameters": static, **self.job.request()}

    def _named_definition(self, search: AlgorithmSearch) -> dict[str, Any]:
        return {
            "DefinitionName": search.algorithm.replace("_", "-"),
            "TuningObjective": self._objective(),
            "HyperParameterRanges": _parameter_ranges(search.ranges),
            **self._definition(search),
        }

    def _warm_start(self) -> dict[str, Any]:
        warm_start = self.settings.tuning.warm_start
        if warm_start is None:
            return {}
        parents = [{"HyperParameterTuningJobName": name} for name in warm_start.parents]
        return {"WarmStartConfig": {"ParentHyperParameterTuningJobs": parents, "WarmStartType": warm_start.type}}

    @property
    def best_objective(self) -> Get:
        """The best job's value of the objective metric, as its training reported it."""
        return self.value("BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric.Value")

    @property
    def best_model(self) -> Join:
        """Where the best job's `model.tar.gz` lies in S3.

        The path has no execution id: a cached step's model lies where the execution that trained it put it.
        """
        best = self.value("BestTrainingJob.TrainingJobName")
        return Join((self.job.output_path, best, "output/model.tar.gz"), on="/")


def _parameter_ranges(given: Mapping[str, ParameterRange]) -> dict[str, list[dict[str, Any]]]:
    ranges: dict[str, list[dict[str, Any]]] = {
        "ContinuousParameterRanges": [],
        "IntegerParameterRanges": [],
        "CategoricalParameterRanges": [],
    }
    for name, bounds in given.items():
        kind = f"{bounds.type.capitalize()}ParameterRanges"
        if isinstance(bounds, CategoricalRange):
            ranges[kind].append({"Name": name, "Values": list(bounds.values)})
        else:
            limits = {"MinValue": str(bounds.min), "MaxValue": str(bounds.max)}
            ranges[kind].append({"Name": name, **limits, "ScalingType": bounds.scaling})
    return {kind: found for kind, found in ranges.items() if found}
