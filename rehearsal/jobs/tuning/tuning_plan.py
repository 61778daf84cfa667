"""What a CreateHyperParameterTuningJob request asks for, checked before the first job."""

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.jobs.tuning.ranges import CategoricalRange, ParameterRange, read_ranges
from rehearsal.jobs.tuning.search import GridSearch, RandomSearch, Search
from slipway.errors import LaunchError
from slipway.settings.limits import combinations

STRATEGIES = ("Bayesian", "Random", "Grid")

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


class TuningError(LaunchError):
    """The tuning job cannot be run as it is requested for."""


@dataclass(frozen=True)
class TuningPlan:
    strategy: str
    ranges: tuple[ParameterRange, ...]
    metric_name: str
    maximize: bool
    max_jobs: int
    max_parallel: int
    max_runtime_seconds: float
    target_value: float | None
    seed: int | None
    definition: Mapping[str, Any]
    """The TrainingJobDefinition."""
    tags: tuple[Mapping[str, str], ...] = ()
    """The tuning job's, which its training jobs bear too."""

    @property
    def objective(self) -> dict[str, str]:
        """HyperParameterTuningJobObjective."""
        return {"Type": "Maximize" if self.maximize else "Minimize", "MetricName": self.metric_name}

    def search(self) -> Search:
        if self.strategy == "Grid":
            return GridSearch([each for each in self.ranges if isinstance(each, CategoricalRange)])
        if self.strategy == "Random":
            return RandomSearch(self.ranges, self.seed)
        # Optuna takes half a second to import: only those who search with it pay.
        bayesian = importlib.import_module("rehearsal.jobs.tuning.bayesian")
        search: Search = bayesian.BayesianSearch(
            self.ranges, jobs=self.max_jobs, maximize=self.maximize, seed=self.seed
        )
        return search

    def training_request(self, job_name: str, candidate: Mapping[str, str]) -> dict[str, Any]:
        """The CreateTrainingJob request of one candidate."""
        tuned = {**candidate, "_tuning_objective_metric": self.metric_name}
        return {
            **({"Tags": list(self.tags)} if self.tags else {}),
            **{key: self.definition[key] for key in _COPIED if key in self.definition},
            "TrainingJobName": job_name,
            "HyperParameters": {**self.definition.get("StaticHyperParameters", {}), **tuned},
        }

    def reaches_target(self, value: float) -> bool:
        if self.target_value is None:
            return False
        return value >= self.target_value if self.maximize else value <= self.target_value

    def better(self, value: float, than: float) -> bool:
        return value > than if self.maximize else value < than


def read_plan(request: Mapping[str, Any], *, seed: int | None = None) -> TuningPlan:
    """Check a request; `seed` counts when the request has no RandomSeed.

    Raises:
        TuningError: what is wrong, or what the laptop cannot do.
    """
    try:
        return _read(request, seed)
    except (KeyError, ValueError) as exc:
        text = f"tuning request has no {exc}" if isinstance(exc, KeyError) else str(exc)
        raise TuningError(text) from exc


def _read(request: Mapping[str, Any], seed: int | None) -> TuningPlan:
    config = request["HyperParameterTuningJobConfig"]
    definition = _single_definition(request)
    objective = config.get("HyperParameterTuningJobObjective") or definition["TuningObjective"]
    ranges = read_ranges(config.get("ParameterRanges") or definition.get("HyperParameterRanges", {}))
    strategy = config["Strategy"]
    if strategy not in STRATEGIES:
        raise ValueError(f"Strategy must be one of {', '.join(STRATEGIES)} on the laptop, got {strategy}")
    if "StrategyConfig" in config:
        raise ValueError(f"StrategyConfig must be left out but for Hyperband, got {strategy}")
    both = {each.name for each in ranges} & definition.get("StaticHyperParameters", {}).keys()
    if both:
        raise ValueError(f"hyperparameters must be either static or searched, got both for {', '.join(sorted(both))}")
    _check_metric(definition, objective["MetricName"])
    limits = config["ResourceLimits"]
    _check_parallel(limits)
    target = config.get("TuningJobCompletionCriteria", {}).get("TargetObjectiveMetricValue")
    return TuningPlan(
        strategy=strategy,
        ranges=ranges,
        metric_name=objective["MetricName"],
        maximize=objective["Type"] == "Maximize",
        max_jobs=_max_jobs(strategy, ranges, limits.get("MaxNumberOfTrainingJobs")),
        max_parallel=limits["MaxParallelTrainingJobs"],
        max_runtime_seconds=limits.get("MaxRuntimeInSeconds", math.inf),
        target_value=target,
        seed=config.get("RandomSeed", seed),
        definition=definition,
        tags=tuple(request.get("Tags", ())),
    )


def _single_definition(request: Mapping[str, Any]) -> Mapping[str, Any]:
    several = request.get("TrainingJobDefinitions", ())
    if len(several) > 1:
        raise ValueError(f"a tuning job must have one TrainingJobDefinition on the laptop, got {len(several)}")
    if "WarmStartConfig" in request:
        raise ValueError("WarmStartConfig must be left out on the laptop")
    definition: Mapping[str, Any] = several[0] if several else request["TrainingJobDefinition"]
    return definition


def _check_parallel(limits: Mapping[str, int]) -> None:
    most, parallel = limits.get("MaxNumberOfTrainingJobs"), limits["MaxParallelTrainingJobs"]
    if most is not None and parallel > most:
        raise ValueError(
            f"MaxParallelTrainingJobs must be at most MaxNumberOfTrainingJobs, got {parallel} of {most} jobs"
        )


def _check_metric(definition: Mapping[str, Any], name: str) -> None:
    defined = [each["Name"] for each in definition["AlgorithmSpecification"].get("MetricDefinitions", ())]
    if name not in defined:
        raise ValueError(
            f"objective metric must be one of MetricDefinitions ({', '.join(defined) or 'none'}), got {name}"
        )


def _max_jobs(strategy: str, ranges: tuple[ParameterRange, ...], requested: int | None) -> int:
    if strategy != "Grid":
        if requested is None:
            raise ValueError(f"MaxNumberOfTrainingJobs must be given for {strategy}")
        possible = combinations(each.size for each in ranges)
        if possible is not None and requested > possible:
            raise ValueError(
                "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
                f"combinations for the provided ranges [{float(possible)}] must be equal or greater than the value of "
                f"MaxNumberOfJobs, [{requested}]. Provide additional ranges."
            )
        return requested
    if numeric := [each.name for each in ranges if not isinstance(each, CategoricalRange)]:
        raise ValueError(f"Grid must have categorical ranges only, got a numeric one for {', '.join(numeric)}")
    product = combinations(each.size for each in ranges) or 0
    if requested not in {None, product}:
        raise ValueError(
            f"MaxNumberOfTrainingJobs of a Grid must be its {product} combinations or left out, got {requested}"
        )
    return product
