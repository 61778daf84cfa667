"""How many training jobs a tuning job may have, in all and at the same time."""

from collections.abc import Mapping, Sequence

from rehearsal.jobs.tuning.ranges import CategoricalRange, ParameterRange
from slipway.rounding import counted
from slipway.settings.limits import combinations

Ranges = Sequence[ParameterRange]


def checked_parallel_jobs(limits: Mapping[str, int]) -> int:
    """MaxParallelTrainingJobs.

    Raises:
        ValueError: more than there are in all.
    """
    most, parallel = limits.get("MaxNumberOfTrainingJobs"), limits["MaxParallelTrainingJobs"]
    if most is not None and parallel > most:
        raise ValueError(
            f"MaxParallelTrainingJobs must be at most MaxNumberOfTrainingJobs, got {parallel} of {most} jobs"
        )
    return parallel


def checked_jobs(strategy: str, definitions: Sequence[Ranges], requested: int | None) -> int:
    """How many jobs the search has, over all definitions.

    How SageMaker counts the combinations of several definitions is not documented: here each must have enough.

    Raises:
        ValueError: the ranges have not as many combinations.
    """
    if strategy == "Grid":
        return _grid_jobs(definitions, requested)
    if requested is None:
        raise ValueError(f"MaxNumberOfTrainingJobs must be given for {strategy}")
    for ranges in definitions:
        possible = combinations(each.size for each in ranges)
        if possible is not None and requested > possible:
            raise ValueError(
                "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
                f"combinations for the provided ranges [{float(possible)}] must be equal or greater than the value of "
                f"MaxNumberOfJobs, [{requested}]. Provide additional ranges."
            )
    return requested


def _grid_jobs(definitions: Sequence[Ranges], requested: int | None) -> int:
    numeric = [each.name for ranges in definitions for each in ranges if not isinstance(each, CategoricalRange)]
    if numeric:
        raise ValueError(f"Grid must have categorical ranges only, got a numeric one for {', '.join(numeric)}")
    product = sum(combinations(each.size for each in ranges) or 0 for ranges in definitions)
    if requested not in {None, product}:
        its = counted(product, "combination")
        raise ValueError(f"MaxNumberOfTrainingJobs of a Grid must be its {its} or left out, got {requested}")
    return product
