"""Gradient-boosted trees, fitted by XGBoost's own training loop."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.xgboost.checkpoints import TrainingCheckpoint
from pipeline_steps.algorithms.xgboost.export import tree_graph

_PROGRESS_ROUNDS = 50
_SEGMENT_ROUNDS = 50
_LOSSES = "losses"
"""The attribute of a saved booster that holds the validation loss of every round."""

_MAX_BIN = 1024
"""Of XGBoost's 256 bins a column that is mostly zero leaves too few for its tail: 0.0006 more AUC on shopper data."""


def _import_xgboost() -> ModuleType:
    # XGBoost takes scikit-learn for optional, and when it is there spends 2 s importing it for wrappers unused here.
    # None in sys.modules makes an import fail as if the module were absent.
    hide = "sklearn" not in sys.modules
    if hide:
        sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        import xgboost  # noqa: PLC0415 (it must run while scikit-learn is hidden)
    finally:
        if hide:
            del sys.modules["sklearn"]
    return xgboost


xgboost = _import_xgboost()


class BoostedTrees:
    """A fitted ensemble, cut at the iteration that was best on the validation split."""

    def __init__(self, booster: Any, best_iteration: int, columns: int) -> None:
        self._booster = booster
        self._columns = columns
        self.best_iteration: int | None = best_iteration

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the probability of the positive class, float32 [rows]."""
        scores: NDArray[np.float32] = self._booster.predict(xgboost.DMatrix(features, nthread=1))
        return scores

    def graph(self) -> bytes:
        """Write the ensemble as an ONNX graph."""
        return tree_graph(json.loads(self._booster.save_raw("json")), columns=self._columns)


class _EarlyStopping(xgboost.callback.TrainingCallback):  # type: ignore[name-defined, misc]  # imported by hand
    """Stops when the loss on the validation split has not fallen for `patience` rounds; keeps every round's."""

    def __init__(self, patience: int, log: Callable[[str], None]) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.best = 0
        self._patience, self._log = patience, log

    @property
    def is_over(self) -> bool:
        return len(self.losses) - 1 - self.best >= self._patience

    def record(self, loss: float) -> None:
        if not self.losses or loss < self.losses[self.best]:
            self.best = len(self.losses)
        self.losses.append(loss)

    def after_iteration(self, _model: Any, _epoch: int, evals_log: Mapping[str, Mapping[str, list[float]]]) -> bool:
        """Return whether to stop; xgboost calls it."""
        self.record(evals_log["validation"]["logloss"][-1])
        if (last := len(self.losses) - 1) % _PROGRESS_ROUNDS == 0:
            self._log(f"[{last}]\tvalidation-logloss:{self.losses[last]:.5f}")
        return self.is_over


def fit_boosted_trees(
    train: tuple[NDArray[np.float32], NDArray[np.bool_]],
    validation: tuple[NDArray[np.float32], NDArray[np.bool_]],
    hyperparameters: Mapping[str, Any],
    *,
    log: Callable[[str], None],
    checkpoints: Path | None = None,
) -> BoostedTrees:
    """Fit on `train`, and stop when the log loss on `validation` no longer falls.

    With a folder for `checkpoints` training goes on from where it was interrupted, to the model it would have reached.
    """
    values = dict(hyperparameters)
    for name in ("ensemble_size", "monotone", "family", "class_weight"):
        values.pop(name)
    rounds, patience = values.pop("num_round"), values.pop("early_stopping_rounds")
    parameters = {**values, "objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist"}
    parameters |= {"max_bin": _MAX_BIN, "nthread": 1}
    rows, held_out = (
        xgboost.DMatrix(features, label=positive, nthread=1) for features, positive in (train, validation)
    )
    stopping = _EarlyStopping(patience, log)

    def boost(count: int, *, seed: int, before: bytes | None = None) -> Any:
        return xgboost.train(
            {**parameters, "seed": seed},
            rows,
            num_boost_round=count,
            evals=[(held_out, "validation")],
            verbose_eval=False,
            callbacks=[stopping],
            xgb_model=bytearray(before) if before else None,
        )

    if checkpoints is None:
        booster = boost(rounds, seed=values["seed"])
    else:
        inputs = {**parameters, "num_round": rounds, "patience": patience, "xgboost": xgboost.__version__}
        checkpoint = TrainingCheckpoint.of(checkpoints, inputs, *train, *validation)
        booster = _in_segments(boost, rounds, stopping=stopping, checkpoint=checkpoint, seed=values["seed"], log=log)
    return BoostedTrees(booster[: stopping.best + 1], stopping.best, columns=train[0].shape[1])


def _in_segments(
    boost: Callable[..., Any],
    rounds: int,
    *,
    stopping: _EarlyStopping,
    checkpoint: TrainingCheckpoint,
    seed: int,
    log: Callable[[str], None],
) -> Any:
    """Boost some rounds at a time, saving a checkpoint after each.

    Random numbers cannot be saved. So every segment, interrupted or not, starts from the checkpoint and with a seed of
    its own: the model is the same however often training was interrupted, and another than without segments.
    """
    if saved := checkpoint.read():
        for loss in json.loads(_loaded(saved).attr(_LOSSES)):
            stopping.record(loss)
        log(f"continuing after {len(stopping.losses)} rounds, from a checkpoint")
    while not stopping.is_over and (done := len(stopping.losses)) < rounds:
        booster = boost(min(_SEGMENT_ROUNDS, rounds - done), seed=(seed + done) % 2**31, before=saved)
        booster.set_attr(**{_LOSSES: json.dumps(stopping.losses)})
        saved = bytes(booster.save_raw("ubj"))
        checkpoint.save(saved)
    return _loaded(saved or b"")


def _loaded(saved: bytes) -> Any:
    return xgboost.Booster({"nthread": 1}, model_file=bytearray(saved))
