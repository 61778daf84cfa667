"""The hyperparameters of `isolation_forest`."""

from pipeline_steps.algorithms.bounds import SEED, Bounds, Hyperparameters

HYPERPARAMETERS: Hyperparameters = {
    "seed": SEED,
    "trees": Bounds(200, 1, 2000, whole=True),
    "max_samples": Bounds(256, 2, 100_000, whole=True),
    "max_features": Bounds(1, 0.05, 1),
}
