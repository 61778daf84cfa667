"""The hyperparameters of `random_forest`."""

from pipeline_steps.algorithms.bounds import CLASS_WEIGHT, SEED, Bounds, Hyperparameters

HYPERPARAMETERS: Hyperparameters = {
    "seed": SEED,
    "trees": Bounds(200, 1, 2000, whole=True),
    "max_features": Bounds(None, 0.01, 1),  # a share; without it the square root for classes, a third for numbers
    "min_samples_leaf": Bounds(None, 1, 100_000, whole=True),  # without it one row of a thousand
    "max_depth": Bounds(24, 1, 64, whole=True),
    "class_weight": CLASS_WEIGHT,
}
