"""The hyperparameters of `xgboost`."""

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
    "eta": Bounds(0.05, 1e-4, 1),
    "max_depth": Bounds(4, 1, 16, whole=True),
    "min_child_weight": Bounds(1, 0, 1e4),
    "subsample": Bounds(0.8, 0.05, 1),
    "colsample_bytree": Bounds(0.8, 0.05, 1),
    "gamma": Bounds(0, 0, 1e4),
    "reg_alpha": Bounds(0, 0, 1e4),
    "reg_lambda": Bounds(1, 0, 1e4),
    "num_round": Bounds(600, 1, 100_000, whole=True),
    "early_stopping_rounds": PATIENCE,
    "ensemble_size": ENSEMBLE_SIZE,
    "monotone": Directions(),
    "family": FAMILY,
    "class_weight": CLASS_WEIGHT,
}
