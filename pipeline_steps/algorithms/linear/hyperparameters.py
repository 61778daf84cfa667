"""The hyperparameters of `linear`."""

from pipeline_steps.algorithms.bounds import CLASS_WEIGHT, FAMILY, SEED, Bounds, Hyperparameters

HYPERPARAMETERS: Hyperparameters = {
    "seed": SEED,
    "alpha": Bounds(None, 1e-8, 1e4),  # of the penalty beside the mean loss; without it cross-validation chooses
    "l1_ratio": Bounds(0, 0, 1),
    "family": FAMILY,
    "class_weight": CLASS_WEIGHT,
}
