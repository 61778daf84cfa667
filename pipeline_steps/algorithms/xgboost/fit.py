"""Gradient-boosted trees, fitted by XGBoost's own training loop."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.algorithms.graphs.links import Link, link_of, respond
from pipeline_steps.algorithms.libraries import import_without_sklearn
from pipeline_steps.algorithms.monotone import constraints
from pipeline_steps.algorithms.progress import progress_line
from pipeline_steps.algorithms.row_weights import weighted
from pipeline_steps.algorithms.xgboost.checkpoints import TrainingCheckpoint
from pipeline_steps.algorithms.xgboost.export import boosters_graph
from pipeline_steps.problems.problem import Outputs

_PROGRESS_ROUNDS = 50
_SEGMENT_ROUNDS = 50
_LOSSES = "losses"
"""The attribute of a saved booster that holds the validation loss of every round."""

_MAX_BIN = 1024
"""Of XGBoost's 256 bins a column that is mostly zero leaves too few for its tail: 0.0006 more AUC on shopper data."""

_OBJECTIVES: Mapping[Link, tuple[str, str]] = {
    "logistic": ("binary:logistic", "logloss"),
    "softmax": ("multi:softprob", "mlogloss"),
    "identity": ("reg:squarederror", "rmse"),
    "log": ("count:poisson", "poisson-nloglik"),
}
"""By link: XGBoost's objective, and the loss on held-out rows that says when to stop."""


xgboost = import_without_sklearn("xgboost")


class XgboostModel:
    """Fitted ensembles, each cut at the iteration that was best on held-out rows; their sums are averaged."""

    def __init__(self, boosters: Sequence[Any], best_iteration: int, task: Task, link: Link) -> None:
        self._boosters, self._task, self._link = boosters, task, link
        self.best_iteration: int | None = best_iteration

    def predict(self, features: Features) -> Outputs:
        """Give the outputs of rows."""
        rows = xgboost.DMatrix(features, nthread=1)
        sums = [booster.predict(rows, output_margin=True) for booster in self._boosters]
        return respond(self._link, np.mean(sums, axis=0, dtype=np.float64))

    def graph(self) -> bytes:
        """Write the ensembles as one ONNX graph."""
        models = [json.loads(booster.save_raw("json")) for booster in self._boosters]
        return boosters_graph(models, self._task, self._link, columns=len(self._task.names))


class _EarlyStopping(xgboost.callback.TrainingCallback):  # type: ignore[name-defined, misc]  # imported by hand
    """Stops when the loss on held-out rows has not fallen for `patience` rounds; keeps every round's."""

    def __init__(self, patience: int, log: Callable[[str], None]) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.best = 0
        self.patience, self._log = patience, log

    @property
    def is_over(self) -> bool:
        return len(self.losses) - 1 - self.best >= self.patience

    def record(self, loss: float) -> None:
        if not self.losses or loss < self.losses[self.best]:
            self.best = len(self.losses)
        self.losses.append(loss)

    def after_iteration(self, _model: Any, _epoch: int, evals_log: Mapping[str, Mapping[str, list[float]]]) -> bool:
        """Return whether to stop; xgboost calls it."""
        ((metric, losses),) = evals_log["validation"].items()
        self.record(losses[-1])
        if (last := len(self.losses) - 1) % _PROGRESS_ROUNDS == 0:
            self._log(progress_line(last, metric, self.losses[last]))
        return self.is_over


class Xgboost:
    """The algorithm `xgboost`."""

    def fit(
        self,
        task: Task,
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        *,
        log: Callable[[str], None],
        checkpoints: Path | None = None,
    ) -> XgboostModel:
        """Fit on `train`, and stop when the loss on `validation` no longer falls, or after `num_round` without it.

        With a folder for `checkpoints` training goes on from where it was interrupted, to the model it would have
        reached.
        """
        link = link_of(task, values["family"])
        parameters = _parameters(task, link, values)
        rows = weighted(task, train, values["class_weight"])
        held_out = None if validation is None else weighted(task, validation, values["class_weight"])
        members = []
        for member in range(values["ensemble_size"]):
            training = _Training({**parameters, "seed": (task.seed + member) % 2**31}, rows, held_out, values, log)
            members.append(training.run(checkpoints))
        best = round(float(np.median([rounds for _, rounds in members]))) - 1
        return XgboostModel([booster for booster, _ in members], best, task, link)


def _parameters(task: Task, link: Link, values: Mapping[str, Any]) -> dict[str, Any]:
    own = ("seed", "num_round", "early_stopping_rounds", "ensemble_size", "monotone", "family", "class_weight")
    objective, metric = _OBJECTIVES[link]
    parameters = {name: value for name, value in values.items() if name not in own}
    parameters |= {"objective": objective, "eval_metric": metric, "tree_method": "hist"}
    parameters |= {"max_bin": _MAX_BIN, "nthread": 1}
    if link == "softmax":
        parameters["num_class"] = task.classes
    if directions := constraints(task, values["monotone"]):
        parameters["monotone_constraints"] = f"({','.join(map(str, directions))})"
    return parameters


class _Training:
    """The training of one booster."""

    def __init__(
        self,
        parameters: Mapping[str, Any],
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        log: Callable[[str], None],
    ) -> None:
        self._parameters, self._rounds, self._log = parameters, values["num_round"], log
        self._data = [train] if validation is None else [train, validation]
        self._train = _matrix(train)
        self._held_out = [] if validation is None else [(_matrix(validation), "validation")]
        # every round counts where nothing is held out
        self._stopping = _EarlyStopping(values["early_stopping_rounds"], log) if validation else None

    def run(self, checkpoints: Path | None) -> tuple[Any, int]:
        """Fit; gives the booster, and how many rounds it has."""
        if self._stopping is None:
            return self._boost(self._rounds, seed=self._parameters["seed"]), self._rounds
        if checkpoints is None:
            booster = self._boost(self._rounds, seed=self._parameters["seed"])
        else:
            booster = self._in_segments(self._checkpoint(checkpoints), self._stopping)
        rounds = self._stopping.best + 1
        return booster[:rounds], rounds

    def _boost(self, rounds: int, *, seed: int, before: bytes | None = None) -> Any:
        return xgboost.train(
            {**self._parameters, "seed": seed},
            self._train,
            num_boost_round=rounds,
            evals=self._held_out,
            verbose_eval=False,
            callbacks=[self._stopping] if self._stopping else [],
            xgb_model=bytearray(before) if before else None,
        )

    def _checkpoint(self, folder: Path) -> TrainingCheckpoint:
        patience = self._stopping.patience if self._stopping else None
        inputs = {"num_round": self._rounds, "patience": patience, "xgboost": xgboost.__version__}
        arrays = [array for rows in self._data for array in (rows.features, rows.target, rows.weights)]
        return TrainingCheckpoint.of(folder, {**self._parameters, **inputs}, *(a for a in arrays if a is not None))

    def _in_segments(self, checkpoint: TrainingCheckpoint, stopping: _EarlyStopping) -> Any:
        """Boost some rounds at a time, saving a checkpoint after each.

        Random numbers cannot be saved. So every segment, interrupted or not, starts from the checkpoint and with a
        seed of its own: the model is the same however often training was interrupted, and another than without
        segments.
        """
        if saved := checkpoint.read():
            for loss in json.loads(_loaded(saved).attr(_LOSSES)):
                stopping.record(loss)
            self._log(f"continuing after {len(stopping.losses)} rounds, from a checkpoint")
        while not stopping.is_over and (done := len(stopping.losses)) < self._rounds:
            seed = (self._parameters["seed"] + done) % 2**31
            booster = self._boost(min(_SEGMENT_ROUNDS, self._rounds - done), seed=seed, before=saved)
            booster.set_attr(**{_LOSSES: json.dumps(stopping.losses)})
            saved = bytes(booster.save_raw("ubj"))
            checkpoint.save(saved)
        return _loaded(saved or b"")


def _matrix(rows: Rows) -> Any:
    return xgboost.DMatrix(rows.features, label=rows.target, weight=rows.weights, nthread=1)


def _loaded(saved: bytes) -> Any:
    return xgboost.Booster({"nthread": 1}, model_file=bytearray(saved))


ALGORITHM = Xgboost()
