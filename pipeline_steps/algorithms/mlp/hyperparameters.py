"""The hyperparameters of `mlp`."""

from pipeline_steps.algorithms.bounds import CLASS_WEIGHT, ENSEMBLE_SIZE, SEED, Bounds, Hyperparameters

HYPERPARAMETERS: Hyperparameters = {
    "seed": SEED,
    "hidden_units": Bounds(64, 1, 4096, whole=True),
    "hidden_layers": Bounds(1, 1, 5, whole=True),
    "learning_rate": Bounds(0.003, 1e-6, 1),
    "alpha": Bounds(0.001, 0, 1e4),
    "batch_size": Bounds(64, 1, 100_000, whole=True),
    "epochs": Bounds(200, 1, 10_000, whole=True),
    "early_stopping_epochs": Bounds(15, 1, 10_000, whole=True),
    "ensemble_size": ENSEMBLE_SIZE,
    "class_weight": CLASS_WEIGHT,
}
