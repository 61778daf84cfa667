"""The hyperparameters of `lightgbm`."""

from pipeline_steps.algorithms.bounds import (
    CLASS_WEIGHT,
    ENSEMBLE_SIZE,
    FAMILY,
    PATIENCE,
    SEED,
    Bounds,
    Directions,
    Hyperparameters,
)

HYPERPARAMETERS: Hyperparameters = {
    "seed": SEED,
    "learning_rate": Bounds(0.05, 1e-4, 1),
    "num_leaves": Bounds(15, 2, 4096, whole=True),
    "min_data_in_leaf": Bounds(10, 1, 100_000, whole=True),
    "bagging_fraction": Bounds(0.8, 0.05, 1),
    "feature_fraction": Bounds(0.8, 0.05, 1),
    "min_gain_to_split": Bounds(0, 0, 1e4),
    "lambda_l1": Bounds(0, 0, 1e4),
    "lambda_l2": Bounds(1, 0, 1e4),
    "num_iterations": Bounds(600, 1, 100_000, whole=True),
    "early_stopping_rounds": PATIENCE,
    "ensemble_size": ENSEMBLE_SIZE,
    "monotone": Directions(),
    "family": FAMILY,
    "class_weight": CLASS_WEIGHT,
}
