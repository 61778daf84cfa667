"""The hyperparameters of `k_means`."""

from pipeline_steps.algorithms.bounds import SEED, Bounds, Hyperparameters

HYPERPARAMETERS: Hyperparameters = {
    "seed": SEED,
    "clusters": Bounds(5, 2, 200, whole=True),
    "restarts": Bounds(10, 1, 100, whole=True),
}
