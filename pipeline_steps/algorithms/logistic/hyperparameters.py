"""The hyperparameters of `logistic`."""

from collections.abc import Mapping

from pipeline_steps.algorithms.bounds import SEED, Bounds

HYPERPARAMETERS: Mapping[str, Bounds] = {"seed": SEED}
