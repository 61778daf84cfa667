"""Gradient-boosted trees, fitted by LightGBM."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.algorithms.graphs.links import Link, link_of, respond
from pipeline_steps.algorithms.libraries import import_without_sklearn
from pipeline_steps.algorithms.lightgbm.export import boosters_graph
from pipeline_steps.algorithms.monotone import constraints
from pipeline_steps.algorithms.progress import progress_line
from pipeline_steps.algorithms.row_weights import weighted
from pipeline_steps.errors import StepError
from pipeline_steps.problems.problem import Outputs

try:
    lightgbm = import_without_sklearn("lightgbm")
except OSError as exc:
    raise StepError(f"algorithm lightgbm needs the system's OpenMP library, such as Debian's libgomp1: {exc}") from exc

_PROGRESS_ROUNDS = 50

_OBJECTIVES: Mapping[Link, tuple[str, str]] = {
    "logistic": ("binary", "binary_logloss"),
    "softmax": ("multiclass", "multi_logloss"),
    "identity": ("regression", "rmse"),
    "log": ("poisson", "poisson"),
}
"""By link: LightGBM's objective, and the loss on held-out rows that says when to stop."""

_REPRODUCIBLE = {"num_threads": 1, "deterministic": True, "force_row_wise": True}


class LightgbmModel:
    """Fitted ensembles, each cut at the iteration that was best on held-out rows; their sums are averaged."""

    def __init__(self, boosters: Sequence[Any], rounds: Sequence[int], task: Task, link: Link) -> None:
        self._boosters, self._rounds, self._task, self._link = boosters, rounds, task, link
        self.best_iteration: int | None = round(float(np.median(rounds))) - 1

    def predict(self, features: Features) -> Outputs:
        """Give the outputs of rows."""
        members = zip(self._boosters, self._rounds, strict=True)
        sums = [
            booster.predict(features, raw_score=True, num_iteration=rounds, num_threads=1)
            for booster, rounds in members
        ]
        return respond(self._link, np.mean(sums, axis=0))

    def graph(self) -> bytes:
        """Write the ensembles as one ONNX graph."""
        members = zip(self._boosters, self._rounds, strict=True)
        models = [booster.model_to_string(num_iteration=rounds) for booster, rounds in members]
        return boosters_graph(models, self._task, self._link, columns=len(self._task.names))


class Lightgbm:
    """The algorithm `lightgbm`."""

    def fit(
        self,
        task: Task,
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        *,
        log: Callable[[str], None],
        checkpoints: Path | None = None,
    ) -> LightgbmModel:
        """Fit on `train`, and stop when the loss on `validation` no longer falls, or after `num_iterations` without."""
        link = link_of(task, values["family"])
        parameters = _parameters(task, link, values)
        rows = _dataset(weighted(task, train, values["class_weight"]), parameters)
        held_out, callbacks = [], []
        if validation is not None:
            held_out = [_dataset(weighted(task, validation, values["class_weight"]), parameters, reference=rows)]
            callbacks = [lightgbm.early_stopping(values["early_stopping_rounds"], verbose=False), _progress(log)]
        boosters = [
            lightgbm.train(
                {**parameters, "seed": (task.seed + member) % 2**31},
                rows,
                num_boost_round=values["num_iterations"],
                valid_sets=held_out,
                valid_names=["validation"] * len(held_out),
                callbacks=callbacks,
            )
            for member in range(values["ensemble_size"])
        ]
        rounds = [booster.best_iteration or values["num_iterations"] for booster in boosters]
        return LightgbmModel(boosters, rounds, task, link)


def _parameters(task: Task, link: Link, values: Mapping[str, Any]) -> dict[str, Any]:
    own = ("seed", "num_iterations", "early_stopping_rounds", "ensemble_size", "monotone", "family", "class_weight")
    objective, metric = _OBJECTIVES[link]
    parameters = {name: value for name, value in values.items() if name not in own}
    parameters |= {"objective": objective, "metric": metric, "bagging_freq": 1, "verbosity": -1, **_REPRODUCIBLE}
    if link == "softmax":
        parameters["num_class"] = task.classes
    if directions := constraints(task, values["monotone"]):
        parameters["monotone_constraints"] = directions
    return parameters


def _dataset(rows: Rows, parameters: Mapping[str, Any], reference: Any = None) -> Any:
    return lightgbm.Dataset(
        rows.features, label=rows.target, weight=rows.weights, params=dict(parameters), reference=reference
    )


def _progress(log: Callable[[str], None]) -> Callable[[Any], None]:
    def report(environment: Any) -> None:
        if environment.iteration % _PROGRESS_ROUNDS == 0:
            for _, metric, loss, _ in environment.evaluation_result_list:
                log(progress_line(environment.iteration, metric, loss))

    return report


ALGORITHM = Lightgbm()
