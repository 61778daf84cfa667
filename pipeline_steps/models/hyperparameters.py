"""A training job's hyperparameters: SageMaker hands them over as strings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_steps.errors import ArgumentError
from pipeline_steps.tables.cells import shown


@dataclass(frozen=True)
class Bounds:
    """The type, the default and the closed range of one hyperparameter."""

    default: float
    low: float
    high: float
    whole: bool = False

    def parse(self, name: str, text: str) -> float | int:
        """Read one value.

        Raises:
            ArgumentError: it is no number, or out of range.
        """
        try:
            value: float = int(text) if self.whole else float(text)
        except ValueError:
            value = float("nan")
        if not self.low <= value <= self.high:
            kind = "a whole number" if self.whole else "a number"
            raise ArgumentError(
                f"hyperparameter {name} must be {kind} in {self.low:g}..{self.high:g}, got {shown(text)}"
            )
        return value


_SEED = Bounds(0, 0, 2**31 - 1, whole=True)

ALGORITHMS: Mapping[str, Mapping[str, Bounds]] = {
    "logistic": {"seed": _SEED},
    "xgboost": {
        "seed": _SEED,
        "eta": Bounds(0.05, 1e-4, 1),
        "max_depth": Bounds(4, 1, 16, whole=True),
        "min_child_weight": Bounds(5, 0, 1e4),
        "subsample": Bounds(0.8, 0.05, 1),
        "colsample_bytree": Bounds(0.8, 0.05, 1),
        "gamma": Bounds(0, 0, 1e4),
        "reg_alpha": Bounds(0, 0, 1e4),
        "reg_lambda": Bounds(1, 0, 1e4),
        "num_round": Bounds(600, 1, 100_000, whole=True),
        "early_stopping_rounds": Bounds(30, 1, 10_000, whole=True),
    },
}


DATA_FINGERPRINT = "data_fingerprint"
"""Tells SageMaker's step cache that the data has changed; training itself makes nothing of it."""


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
        raise ArgumentError(f"hyperparameter algorithm must be one of {', '.join(ALGORITHMS)}, got {shown(algorithm)}")
    if mistakes := list(hyperparameter_mistakes(algorithm, own.items())):
        raise ArgumentError("\n".join(mistakes))
    bounds = ALGORITHMS[algorithm]
    return Hyperparameters(
        algorithm,
        {
            name: bound.parse(name, str(own[name])) if name in own else _typed_default(bound)
            for name, bound in bounds.items()
        },
    )


def hyperparameter_mistakes(algorithm: str, given: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """What is wrong with `given`, a line each; a name may come with several values, as the ends of its range do."""
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
