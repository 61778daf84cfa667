"""The algorithms and their hyperparameters, as the container takes them.

`tests/contract/test_hyperparameters.py` compares.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.settings.problems import AlgorithmName


@dataclass(frozen=True)
class Bounds:
    """A number in a closed range; without a default the algorithm chooses by the data."""

    default: float | None
    low: float
    high: float
    whole: bool = False

    def takes(self, text: str) -> bool:
        try:
            value: float = int(text) if self.whole else float(text)
        except ValueError:
            return False
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{'a whole number' if self.whole else 'a number'} in {self.low:g}..{self.high:g}"


@dataclass(frozen=True)
class Choice:
    """One of some names."""

    default: str
    names: tuple[str, ...]

    def takes(self, text: str) -> bool:
        return text in self.names

    def __str__(self) -> str:
        return f"one of {', '.join(self.names)}"


@dataclass(frozen=True)
class Directions:
    """Columns with a sign each, as a line of CSV: `+PageValues,-BounceRates`."""

    default: str = ""

    def takes(self, text: str) -> bool:
        cells = next(csv.reader([text], skipinitialspace=True), [])
        return all(len(cell) > 1 and cell[0] in "+-" for cell in cells)

    def __str__(self) -> str:
        return "columns with a sign each, such as +income,-age"


Hyperparameter = Bounds | Choice | Directions

_RESERVED = ("_", "sagemaker_")
"""Beginnings of the names that SageMaker adds to a job's hyperparameters."""
DATA_FINGERPRINT_HYPERPARAMETER = "data_fingerprint"
"""What the pipeline adds: the containers make nothing of it, the step cache does."""
_CLASS_WEIGHT = Choice("none", ("none", "balanced"))
_FAMILY = Choice("normal", ("normal", "poisson"))
_ENSEMBLE_SIZE = Bounds(1, 1, 20, whole=True)
_PATIENCE = Bounds(30, 1, 10_000, whole=True)
_TARGETED = ("binary", "multiclass", "regression")
SCRIPT: AlgorithmName = "script"
"""The algorithm that stands for the user's own script, `training.script`."""
IMAGE: AlgorithmName = "image"
"""The algorithm that stands for the user's own training image, `training.image`."""


@dataclass(frozen=True)
class Algorithm:
    """What the container can fit.

    Attributes:
        problems: the problems that it solves.
        hyperparameters: what it takes beside `algorithm` and `seed`, which are the pipeline's to give.
        ranges: what is searched where the settings name no ranges, in the form of `[tuning.ranges]`.
        takes_any: whether it also takes what `hyperparameters` does not name.
        takes_missing: whether it fits rows with missing values as they are.
    """

    problems: tuple[str, ...]
    hyperparameters: Mapping[str, Hyperparameter]
    ranges: Mapping[str, Mapping[str, Any]]
    takes_any: bool = False
    takes_missing: bool = False


def _numbers(low: float, high: float, scaling: str = "Auto") -> dict[str, Any]:
    return {"type": "continuous", "min": low, "max": high, "scaling": scaling}


def _whole_numbers(low: int, high: int, scaling: str = "Auto") -> dict[str, Any]:
    return {"type": "integer", "min": low, "max": high, "scaling": scaling}


ALGORITHMS: Mapping[str, Algorithm] = {
    "linear": Algorithm(
        _TARGETED,
        {
            "alpha": Bounds(None, 1e-8, 1e4),
            "l1_ratio": Bounds(0, 0, 1),
            "family": _FAMILY,
            "class_weight": _CLASS_WEIGHT,
        },
        {"alpha": _numbers(1e-5, 1.0, "Logarithmic")},
    ),
    "xgboost": Algorithm(
        _TARGETED,
        {
            "eta": Bounds(0.05, 1e-4, 1),
            "max_depth": Bounds(4, 1, 16, whole=True),
            "min_child_weight": Bounds(1, 0, 1e4),
            "subsample": Bounds(0.8, 0.05, 1),
            "colsample_bytree": Bounds(0.8, 0.05, 1),
            "gamma": Bounds(0, 0, 1e4),
            "reg_alpha": Bounds(0, 0, 1e4),
            "reg_lambda": Bounds(1, 0, 1e4),
            "num_round": Bounds(600, 1, 100_000, whole=True),
            "early_stopping_rounds": _PATIENCE,
            "ensemble_size": _ENSEMBLE_SIZE,
            "monotone": Directions(),
            "family": _FAMILY,
            "class_weight": _CLASS_WEIGHT,
        },
        {
            "eta": _numbers(0.02, 0.2, "Logarithmic"),
            "max_depth": _whole_numbers(2, 7),
            "min_child_weight": _numbers(1.0, 20.0, "Logarithmic"),
            "subsample": _numbers(0.6, 1.0),
            "colsample_bytree": _numbers(0.4, 1.0),
        },
        takes_missing=True,
    ),
    "lightgbm": Algorithm(
        _TARGETED,
        {
            "learning_rate": Bounds(0.05, 1e-4, 1),
            "num_leaves": Bounds(15, 2, 4096, whole=True),
            "min_data_in_leaf": Bounds(10, 1, 100_000, whole=True),
            "bagging_fraction": Bounds(0.8, 0.05, 1),
            "feature_fraction": Bounds(0.8, 0.05, 1),
            "min_gain_to_split": Bounds(0, 0, 1e4),
            "lambda_l1": Bounds(0, 0, 1e4),
            "lambda_l2": Bounds(1, 0, 1e4),
            "num_iterations": Bounds(600, 1, 100_000, whole=True),
            "early_stopping_rounds": _PATIENCE,
            "ensemble_size": _ENSEMBLE_SIZE,
            "monotone": Directions(),
            "family": _FAMILY,
            "class_weight": _CLASS_WEIGHT,
        },
        {
            "learning_rate": _numbers(0.02, 0.2, "Logarithmic"),
            "num_leaves": _whole_numbers(4, 48, "Logarithmic"),
            "min_data_in_leaf": _whole_numbers(4, 60, "Logarithmic"),
            "bagging_fraction": _numbers(0.6, 1.0),
            "feature_fraction": _numbers(0.4, 1.0),
        },
        takes_missing=True,
    ),
    "random_forest": Algorithm(
        _TARGETED,
        {
            "trees": Bounds(200, 1, 2000, whole=True),
            "max_features": Bounds(None, 0.01, 1),
            "min_samples_leaf": Bounds(None, 1, 100_000, whole=True),
            "max_depth": Bounds(24, 1, 64, whole=True),
            "class_weight": _CLASS_WEIGHT,
        },
        {
            "max_features": _numbers(0.1, 1.0),
            "min_samples_leaf": _whole_numbers(1, 20, "Logarithmic"),
        },
        takes_missing=True,
    ),
    "mlp": Algorithm(
        _TARGETED,
        {
            "hidden_units": Bounds(64, 1, 4096, whole=True),
            "hidden_layers": Bounds(1, 1, 5, whole=True),
            "learning_rate": Bounds(0.003, 1e-6, 1),
            "alpha": Bounds(0.001, 0, 1e4),
            "batch_size": Bounds(64, 1, 100_000, whole=True),
            "epochs": Bounds(200, 1, 10_000, whole=True),
            "early_stopping_epochs": Bounds(15, 1, 10_000, whole=True),
            "ensemble_size": _ENSEMBLE_SIZE,
            "class_weight": _CLASS_WEIGHT,
        },
        {
            "hidden_units": _whole_numbers(16, 128, "Logarithmic"),
            "hidden_layers": _whole_numbers(1, 2),
            "learning_rate": _numbers(0.0005, 0.02, "Logarithmic"),
            "alpha": _numbers(1e-5, 1.0, "Logarithmic"),
        },
    ),
    "k_means": Algorithm(
        ("clustering",),
        {"clusters": Bounds(5, 2, 200, whole=True), "restarts": Bounds(10, 1, 100, whole=True)},
        {"clusters": _whole_numbers(2, 16)},
    ),
    "isolation_forest": Algorithm(
        ("anomaly",),
        {
            "trees": Bounds(200, 1, 2000, whole=True),
            "max_samples": Bounds(256, 2, 100_000, whole=True),
            "max_features": Bounds(1, 0.05, 1),
        },
        {"max_samples": _whole_numbers(64, 1024, "Logarithmic"), "max_features": _numbers(0.3, 1.0)},
    ),
    SCRIPT: Algorithm((*_TARGETED, "anomaly", "clustering"), {}, {}, takes_any=True, takes_missing=True),
    IMAGE: Algorithm((*_TARGETED, "anomaly", "clustering"), {}, {}, takes_any=True, takes_missing=True),
}


def unknown_errors(algorithm: str, names: Mapping[str, object]) -> Iterator[str]:
    """An error for names that the container does not take, in words that follow the name of the section."""
    known = ALGORITHMS[algorithm].hyperparameters
    if ALGORITHMS[algorithm].takes_any:
        fingerprint = DATA_FINGERPRINT_HYPERPARAMETER
        if reserved := sorted(name for name in names if name.startswith(_RESERVED) or name == fingerprint):
            yield f"must not begin with _ or sagemaker_, nor be {fingerprint}; got {', '.join(reserved)}"
    elif unknown := sorted(names.keys() - known.keys() - {"algorithm", "seed"}):
        yield f"must be of {', '.join(known)}; got {', '.join(unknown)}"


def value_errors(algorithm: str, name: str, *values: str) -> Iterator[str]:
    """Which of `values` the container would refuse."""
    known = ALGORITHMS[algorithm].hyperparameters.get(name)
    if known and (refused := [value for value in values if not known.takes(value)]):
        yield f"{name} must be {known}, got {', '.join(refused)}"


def is_whole(algorithm: str, name: str) -> bool:
    """Whether a hyperparameter takes whole numbers only."""
    known = ALGORITHMS[algorithm].hyperparameters.get(name)
    return isinstance(known, Bounds) and known.whole
