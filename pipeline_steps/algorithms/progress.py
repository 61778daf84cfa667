"""Lines that a training job prints while it fits, of which SageMaker reads the metric that it stops jobs by."""

_METRICS = {
    "logloss": "log_loss",
    "mlogloss": "log_loss",
    "binary_logloss": "log_loss",
    "multi_logloss": "log_loss",
    "rmse": "rmse",
}
"""Losses by their names in XGBoost and LightGBM, and the metrics of the problems that they are."""


def progress_line(iteration: int, loss: str, value: float) -> str:
    """Write the loss on the validation split after an iteration, in the form of `TrainedModel.log_line` if it can be.

    So that a tuning job with early stopping or Hyperband sees how a job does before it ends.
    """
    metric = _METRICS.get(loss)
    return (
        f"[{iteration}]\tvalidation:{metric}={value:.6f};"
        if metric
        else f"[{iteration}]\tvalidation-{loss}:{value:.5f}"
    )
