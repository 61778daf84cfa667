"""What a CreateHyperParameterTuningJob request asks for, checked before the first job."""

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.jobs.tuning.definitions import DefinitionPlan, read_definitions
from rehearsal.jobs.tuning.job_counts import checked_jobs, checked_parallel_jobs
from rehearsal.jobs.tuning.ranges import CategoricalRange
from rehearsal.jobs.tuning.stopping import HyperbandStopping, MedianStopping, Stopping
from rehearsal.jobs.tuning.strategies import GridSearch, Proposals, RandomSearch, Search
from slipway.errors import LaunchError

STRATEGIES = ("Bayesian", "Random", "Grid", "Hyperband")
_MOST_RESOURCES = 20_000
_INFERRED = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
"""Static hyperparameters that SageMaker takes MaxResource from."""

Earlier = Sequence[tuple[Mapping[str, str], float]]
"""Results of other tuning jobs: hyperparameters, and the objective that they came to."""


class TuningError(LaunchError):
    """The tuning job cannot be run as it is requested for."""


@dataclass(frozen=True)
class TuningPlan:
    """A request that can be run."""

    strategy: str
    definitions: tuple[DefinitionPlan, ...]
    max_jobs: int
    max_parallel: int
    max_runtime_seconds: float
    target_value: float | None
    seed: int | None
    stopping: Stopping | None = None
    tags: tuple[Mapping[str, str], ...] = ()
    """The tuning job's, which its training jobs bear too."""

    @property
    def maximize(self) -> bool:
        return self.definitions[0].maximize

    def proposals(self, earlier: Earlier = ()) -> Proposals:
        """What to try; a Bayesian search starts from `earlier` results."""
        return Proposals([self._search(number, each, earlier) for number, each in enumerate(self.definitions)])

    def _search(self, number: int, plan: DefinitionPlan, earlier: Earlier) -> Search:
        seed = None if self.seed is None else self.seed + number
        if self.strategy == "Grid":
            return GridSearch([each for each in plan.ranges if isinstance(each, CategoricalRange)])
        if self.strategy != "Bayesian":
            return RandomSearch(plan.ranges, seed)
        # Optuna takes half a second to import: only those who search with it pay.
        bayesian = importlib.import_module("rehearsal.jobs.tuning.bayesian")
        jobs = math.ceil(self.max_jobs / len(self.definitions))
        search = bayesian.BayesianSearch(plan.ranges, jobs=jobs, maximize=self.maximize, seed=seed)
        search.learn(earlier)
        found: Search = search
        return found

    def training_request(self, definition: int, job_name: str, candidate: Mapping[str, str]) -> dict[str, Any]:
        """The CreateTrainingJob request of one candidate."""
        request = self.definitions[definition].training_request(job_name, candidate)
        return {**({"Tags": list(self.tags)} if self.tags else {}), **request}

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
    definitions = read_definitions(request)
    strategy = config["Strategy"]
    if strategy not in STRATEGIES:
        raise ValueError(f"Strategy must be one of {', '.join(STRATEGIES)}, got {strategy}")
    _check_single(request, definitions)
    limits = config["ResourceLimits"]
    max_jobs = checked_jobs(strategy, [each.ranges for each in definitions], limits.get("MaxNumberOfTrainingJobs"))
    return TuningPlan(
        strategy=strategy,
        definitions=definitions,
        max_jobs=max_jobs,
        max_parallel=checked_parallel_jobs(limits),
        max_runtime_seconds=limits.get("MaxRuntimeInSeconds", math.inf),
        target_value=config.get("TuningJobCompletionCriteria", {}).get("TargetObjectiveMetricValue"),
        seed=config.get("RandomSeed", seed),
        stopping=_stopping(config, definitions),
        tags=tuple(request.get("Tags", ())),
    )


def _check_single(request: Mapping[str, Any], definitions: Sequence[DefinitionPlan]) -> None:
    """What SageMaker has for one algorithm alone; source: "Tune Multiple Algorithms" in its guide."""
    config = request["HyperParameterTuningJobConfig"]
    if len(definitions) == 1:
        return
    if "WarmStartConfig" in request:
        raise ValueError("WarmStartConfig must be left out with several TrainingJobDefinitions")
    if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        raise ValueError("TrainingJobEarlyStoppingType must be Off with several TrainingJobDefinitions")
    if config["Strategy"] == "Hyperband":
        raise ValueError("Strategy must be Bayesian, Random or Grid with several TrainingJobDefinitions, got Hyperband")


def _stopping(config: Mapping[str, Any], definitions: Sequence[DefinitionPlan]) -> Stopping | None:
    early = config.get("TrainingJobEarlyStoppingType", "Off") != "Off"
    if config["Strategy"] != "Hyperband":
        if "StrategyConfig" in config:
            raise ValueError(f"StrategyConfig must be left out but for Hyperband, got {config['Strategy']}")
        return MedianStopping() if early else None
    if early:
        raise ValueError("TrainingJobEarlyStoppingType must be Off with Strategy Hyperband")
    resources = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    static = definitions[0].definition.get("StaticHyperParameters", {})
    least = resources.get("MinResource", 1)
    most = resources.get("MaxResource") or next((int(static[name]) for name in _INFERRED if name in static), None)
    if most is None:
        raise ValueError(f"MaxResource must be given with Hyperband, or one of {', '.join(_INFERRED)}")
    if not least <= most <= _MOST_RESOURCES:
        raise ValueError(f"MaxResource must be in {least}..{_MOST_RESOURCES}, MinResource and the most, got {most}")
    return HyperbandStopping(least, most)
