"""A training job's hyperparameters: SageMaker passes them as strings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_steps.algorithms.bounds import Bounds
from pipeline_steps.algorithms.logistic import hyperparameters as logistic
from pipeline_steps.algorithms.xgboost import hyperparameters as xgboost
from pipeline_steps.errors import ArgumentError
from pipeline_steps.tables.cells import quoted

ALGORITHMS: Mapping[str, Mapping[str, Bounds]] = {
    "logistic": logistic.HYPERPARAMETERS,
    "xgboost": xgboost.HYPERPARAMETERS,
}
"""By name: what each takes."""

DATA_FINGERPRINT = "data_fingerprint"
"""A parameter that changes with the data, for SageMaker's step cache; training itself ignores it."""


@dataclass(frozen=True)
class Hyperparameters:
    algorithm: str
    values: Mapping[str, Any]

    def to_document(self) -> dict[str, Any]:
        return {"algorithm": self.algorithm, **self.values}


def parse_hyperparameters(given: Mapping[str, Any]) -> Hyperparameters:
    """Check `given` against the algorithm's bounds, defaults filled in.

    SageMaker adds keys of its own (`_tuning_objective_metric`, `sagemaker_…`); they are left out.

    Raises:
        ArgumentError: the algorithm, a key or a value is not acceptable.
    """
    own = {key: value for key, value in given.items() if not key.startswith(("_", "sagemaker_"))}
    own.pop(DATA_FINGERPRINT, None)
    algorithm = own.pop("algorithm", None)
    if algorithm not in ALGORITHMS:
        raise ArgumentError(f"hyperparameter algorithm must be one of {', '.join(ALGORITHMS)}, got {quoted(algorithm)}")
    if errors := list(hyperparameter_errors(algorithm, own.items())):
        raise ArgumentError("\n".join(errors))
    bounds = ALGORITHMS[algorithm]
    return Hyperparameters(
        algorithm,
        {
            name: bound.parse(name, str(own[name])) if name in own else _typed_default(bound)
            for name, bound in bounds.items()
        },
    )


def hyperparameter_errors(algorithm: str, given: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with `given`, a line each; a name may have several values, such as the ends of its range."""
    bounds, given = ALGORITHMS[algorithm], tuple(given)
    if unknown := sorted({name for name, _ in given} - bounds.keys()):
        yield f"hyperparameters of {algorithm} are {', '.join(bounds)}; got {', '.join(unknown)}"
    for name, value in given:
        try:
            if name in bounds:
                bounds[name].parse(name, str(value))
        except ArgumentError as exc:
            yield str(exc)


def _typed_default(bound: Bounds) -> float | int:
    return int(bound.default) if bound.whole else float(bound.default)
