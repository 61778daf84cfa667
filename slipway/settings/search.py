"""The search that `[tuning]` and the problem come to, and what SageMaker or its jobs would refuse of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import TypeAdapter

from slipway.settings.feature_search import (
    drawn_option_errors,
    is_of_recipe,
    native_errors,
    recipe_range_errors,
    recipe_value_errors,
)
from slipway.settings.features import Features
from slipway.settings.hyperparameters import ALGORITHMS, IMAGE, SCRIPT, unknown_errors, value_errors
from slipway.settings.limits import MOST_RANGES, MOST_TUNING_JOBS, combinations
from slipway.settings.problems import AlgorithmName, ProblemName
from slipway.settings.ranges import CategoricalRange, ParameterRange, bounds_errors, choices
from slipway.settings.tuning import AlgorithmTuning, Tuning

_USUAL_JOBS, _USUAL_PARALLEL_JOBS = 12, 2
REPORTING: tuple[AlgorithmName, ...] = ("xgboost", "lightgbm")
REPORTED = ("log_loss", "rmse")
"""Algorithms that print the loss that they fit by while they train, and the losses: by these a job can be stopped."""
_RANGE: TypeAdapter[ParameterRange] = TypeAdapter(ParameterRange)


@dataclass(frozen=True)
class AlgorithmSearch:
    """One algorithm: the hyperparameters that every job has, and what the others are drawn from."""

    algorithm: AlgorithmName
    fixed: Mapping[str, str]
    ranges: Mapping[str, ParameterRange]
    where: str
    """The table of the settings that it is from."""

    @property
    def combinations(self) -> int | None:
        return combinations(map(choices, self.ranges.values()))


@dataclass(frozen=True)
class HyperparameterSearch:
    """The whole search; `jobs` of all algorithms together."""

    searches: tuple[AlgorithmSearch, ...]
    jobs: int
    parallel_jobs: int

    @property
    def fits_counts(self) -> bool:
        """Whether some job fits a target of counts as one."""
        drawn = [each.ranges.get("family") for each in self.searches]
        families = [values for bounds in drawn if isinstance(bounds, CategoricalRange) for values in bounds.values]
        return "poisson" in (*families, *(each.fixed.get("family") for each in self.searches))

    @property
    def reference_fixed(self) -> dict[str, str]:
        """What the simple model that candidates are compared with has of the search: the family, if that is fixed."""
        families = {each.fixed["family"] for each in self.searches if "family" in each.fixed}
        return {"family": families.pop()} if len(families) == 1 else {}


def search_of(tuning: Tuning, algorithms: Sequence[AlgorithmName]) -> HyperparameterSearch:
    """Fill in what the settings leave to each of the algorithms."""
    searches = tuple(_searches(tuning, algorithms))
    known = [each.combinations for each in searches]
    if tuning.strategy == "Grid":
        jobs = sum(count or 1 for count in known)
    else:
        jobs = tuning.max_jobs or min([_USUAL_JOBS, *(count for count in known if count is not None)])
    return HyperparameterSearch(searches, jobs, tuning.max_parallel_jobs or min(_USUAL_PARALLEL_JOBS, jobs))


def _searches(tuning: Tuning, algorithms: Sequence[AlgorithmName]) -> Iterator[AlgorithmSearch]:
    for algorithm in algorithms:
        given, where = tuning.of(algorithm), f"tuning.{algorithm}"
        if given is None and len(algorithms) == 1:
            given, where = AlgorithmTuning(fixed=tuning.fixed, ranges=tuning.ranges), "tuning"
        given = given or AlgorithmTuning()
        yield AlgorithmSearch(algorithm, given.fixed, given.ranges or _usual_ranges(algorithm, given.fixed), where)


def _usual_ranges(algorithm: AlgorithmName, fixed: Mapping[str, str]) -> dict[str, ParameterRange]:
    usual = ALGORITHMS[algorithm].ranges
    return {name: _RANGE.validate_python(dict(bounds)) for name, bounds in usual.items() if name not in fixed}


def search_errors(
    tuning: Tuning,
    problem: ProblemName,
    algorithms: Sequence[AlgorithmName],
    *,
    metric: str,
    script: str | None,
    features: Features,
) -> Iterator[str]:
    """What SageMaker or its training jobs would refuse, by the keys of the settings."""
    if wrong := [*_algorithm_errors(tuning, problem, algorithms), *_script_errors(algorithms, script)]:
        yield from wrong
        return
    search = search_of(tuning, algorithms)
    for each in search.searches:
        wrong = list(_hyperparameter_errors(each, tuning.strategy, features))
        yield from (f"{each.where}.{error}" for error in wrong)
        if not wrong:
            yield from drawn_option_errors(features, each.fixed, each.ranges)
        yield from native_errors(features, each.algorithm, each.fixed, each.ranges)
    yield from _job_errors(tuning, search)
    yield from _single_errors(tuning, search)
    yield from _stopping_errors(tuning, search, metric)


def _script_errors(algorithms: Sequence[AlgorithmName], script: str | None) -> Iterator[str]:
    if script and SCRIPT not in algorithms:
        yield f"training.script must be left out, or tuning.algorithms have {SCRIPT}, got {', '.join(algorithms)}"
    if not script and SCRIPT in algorithms:
        yield f"training.script must be given where tuning.algorithms has {SCRIPT}"


def _algorithm_errors(tuning: Tuning, problem: ProblemName, chosen: Sequence[AlgorithmName]) -> Iterator[str]:
    fitting = [name for name, algorithm in ALGORITHMS.items() if problem in algorithm.problems]
    possible = [name for name in fitting if name != IMAGE or name in chosen]  # which is no name to choose
    if len(set(chosen)) < len(chosen):
        yield f"tuning.algorithms must name each algorithm once, got {', '.join(chosen)}"
    if wrong := [name for name in chosen if name not in possible]:
        yield f"tuning.algorithms must be of {', '.join(possible)} with problem {problem}, got {', '.join(wrong)}"
    for name in get_args(AlgorithmName):
        if tuning.of(name) and name not in chosen:
            yield f"tuning.{name} must be left out: the search is over {', '.join(chosen)}"
    for key in ("fixed", "ranges"):
        if not getattr(tuning, key):
            continue
        if len(chosen) > 1:
            yield f"tuning.{key} must be left out with several algorithms: use tuning.{chosen[0]}.{key} and its like"
        elif tuning.of(chosen[0]):
            yield f"tuning.{key} must be left out with tuning.{chosen[0]}: use tuning.{chosen[0]}.{key}"


def _hyperparameter_errors(search: AlgorithmSearch, strategy: str, features: Features) -> Iterator[str]:
    fixed, ranges, algorithm = search.fixed, search.ranges, search.algorithm
    for name, bounds in ranges.items():
        if strategy == "Grid" and not isinstance(bounds, CategoricalRange):
            yield f"ranges.{name} must be categorical with strategy Grid, got {bounds.type}"
        if is_of_recipe(name):
            yield from (f"ranges.{error}" for error in recipe_range_errors(features, name, bounds))
        yield from (f"ranges.{error}" for error in bounds_errors(algorithm, name, bounds))
    own = {name: None for name in (*fixed, *ranges) if not is_of_recipe(name)}
    yield from (f"fixed and ranges {error}" for error in unknown_errors(algorithm, own))
    if ALGORITHMS[algorithm].takes_any and (recipe := sorted({*fixed, *ranges} - own.keys())):
        yield f"fixed and ranges must leave out [features], which {algorithm} does not see, got {', '.join(recipe)}"
    for name, value in fixed.items():
        if is_of_recipe(name):
            yield from (f"fixed.{error}" for error in recipe_value_errors(features, name, value))
        yield from (f"fixed.{error}" for error in value_errors(algorithm, name, value))
    if both := sorted(fixed.keys() & ranges.keys()):
        yield f"ranges must leave out what is fixed, got {', '.join(both)}"
    if algorithm != IMAGE and (pipelines := sorted((fixed.keys() | ranges.keys()) & {"algorithm", "seed"})):
        yield f"fixed and ranges must leave algorithm and seed to the pipeline, got {', '.join(pipelines)}"
    if not ranges:
        usual = ", ".join(ALGORITHMS[algorithm].ranges)
        by_default = f"{algorithm} searches {usual} by default" if usual else f"{algorithm} has none by default"
        yield f"ranges must have a hyperparameter that is not fixed; {by_default}"


def _job_errors(tuning: Tuning, search: HyperparameterSearch) -> Iterator[str]:
    """SageMaker refuses a search that asks for more jobs than there are combinations."""
    if tuning.strategy != "Grid":
        for each in search.searches:
            if tuning.max_jobs and (known := each.combinations) is not None and tuning.max_jobs > known:
                yield (
                    f"tuning.max_jobs must be at most {known}, the number of combinations in {each.where}.ranges, "
                    f"got {tuning.max_jobs}"
                )
    elif search.jobs > MOST_TUNING_JOBS:
        yield (f"tuning.ranges must have at most {MOST_TUNING_JOBS} combinations with strategy Grid, got {search.jobs}")
    if search.parallel_jobs > search.jobs:
        yield (
            f"tuning.max_parallel_jobs must be at most {search.jobs}, the number of jobs, "
            f"got {tuning.max_parallel_jobs}"
        )
    if (ranges := sum(len(each.ranges) for each in search.searches)) > MOST_RANGES:
        yield f"tuning must have at most {MOST_RANGES} ranges, of all algorithms together, got {ranges}"


def _single_errors(tuning: Tuning, search: HyperparameterSearch) -> Iterator[str]:
    """What SageMaker offers for one algorithm alone."""
    several = len(search.searches) > 1
    for key, given in (("early_stopping", tuning.early_stopping), ("warm_start", tuning.warm_start)):
        if given and several:
            yield f"tuning.{key} must be left out with several algorithms: SageMaker has it for one"
    if tuning.strategy == "Hyperband" and several:
        yield "tuning.strategy must be Bayesian, Random or Grid with several algorithms, got Hyperband"
    if tuning.warm_start and tuning.strategy != "Bayesian":
        yield f"tuning.warm_start must be left out with strategy {tuning.strategy}, which learns from no earlier job"


def _stopping_errors(tuning: Tuning, search: HyperparameterSearch, metric: str) -> Iterator[str]:
    """What can be stopped before its end: it must report the objective while it trains."""
    algorithm, hyperband = search.searches[0].algorithm, tuning.strategy == "Hyperband"
    if (hyperband or tuning.early_stopping) and len(search.searches) == 1:
        key = "strategy Hyperband" if hyperband else "early_stopping"
        if algorithm not in REPORTING:
            yield f"tuning.{key} is for {', '.join(REPORTING)}, which report while they train, got {algorithm}"
        if metric not in REPORTED:
            yield f"tuning.{key} needs a gate.metric that is reported in training, {', '.join(REPORTED)}, got {metric}"
    if hyperband and tuning.early_stopping:
        yield "tuning.early_stopping must be left out with strategy Hyperband, which stops jobs by itself"
    if tuning.hyperband and not hyperband:
        yield f"tuning.hyperband must be left out with strategy {tuning.strategy}"
    if tuning.hyperband and tuning.hyperband.min_resource > tuning.hyperband.max_resource:
        most = tuning.hyperband.max_resource
        yield f"tuning.hyperband.min_resource must be at most max_resource {most}, got {tuning.hyperband.min_resource}"
