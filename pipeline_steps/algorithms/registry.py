"""The algorithms by name: what each takes, which problems it solves, and where its fit is."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from pipeline_steps.algorithms.algorithm import Algorithm
from pipeline_steps.algorithms.bounds import Hyperparameters
from pipeline_steps.algorithms.isolation_forest import hyperparameters as isolation_forest
from pipeline_steps.algorithms.k_means import hyperparameters as k_means
from pipeline_steps.algorithms.lightgbm import hyperparameters as lightgbm
from pipeline_steps.algorithms.linear import hyperparameters as linear
from pipeline_steps.algorithms.mlp import hyperparameters as mlp
from pipeline_steps.algorithms.random_forest import hyperparameters as random_forest
from pipeline_steps.algorithms.xgboost import hyperparameters as xgboost

_TARGETED = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class KnownAlgorithm:
    """An algorithm, without what it imports to fit.

    Attributes:
        hyperparameters: what it takes.
        problems: the names of the problems that it solves.
        rounds: the hyperparameter that limits the rounds of fitting, where it fits in rounds.
    """

    hyperparameters: Hyperparameters
    problems: tuple[str, ...]
    rounds: str | None = None


REGISTRY: Mapping[str, KnownAlgorithm] = {
    "linear": KnownAlgorithm(linear.HYPERPARAMETERS, _TARGETED),
    "xgboost": KnownAlgorithm(xgboost.HYPERPARAMETERS, _TARGETED, rounds="num_round"),
    "lightgbm": KnownAlgorithm(lightgbm.HYPERPARAMETERS, _TARGETED, rounds="num_iterations"),
    "random_forest": KnownAlgorithm(random_forest.HYPERPARAMETERS, _TARGETED),
    "mlp": KnownAlgorithm(mlp.HYPERPARAMETERS, _TARGETED, rounds="epochs"),
    "k_means": KnownAlgorithm(k_means.HYPERPARAMETERS, ("clustering",)),
    "isolation_forest": KnownAlgorithm(isolation_forest.HYPERPARAMETERS, ("anomaly",)),
}


def algorithm_named(name: str) -> Algorithm:
    """Import the algorithm, and with it the one library that it uses: that takes longer than fitting a small table."""
    algorithm: Algorithm = import_module(f"pipeline_steps.algorithms.{name}.fit").ALGORITHM
    return algorithm
