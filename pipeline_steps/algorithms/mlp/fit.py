"""Neural networks: multilayer perceptrons on encoded rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.algorithms.encoding import Encoding, fit_encoding
from pipeline_steps.algorithms.graphs.links import Link, link_of, respond
from pipeline_steps.algorithms.mlp.export import Layer, networks_graph
from pipeline_steps.algorithms.mlp.network_training import train_network
from pipeline_steps.algorithms.row_weights import weighted
from pipeline_steps.problems.problem import Outputs


class NetworkModel:
    """An encoding, and networks whose sums are averaged."""

    def __init__(
        self, task: Task, encoding: Encoding, networks: Sequence[Sequence[Layer]], link: Link, best_iteration: int
    ) -> None:
        self._task, self._encoding, self._networks, self._link = task, encoding, networks, link
        self.best_iteration: int | None = best_iteration

    def predict(self, features: Features) -> Outputs:
        """Give the outputs of rows."""
        encoded = self._encoding.transform(features).astype(np.float64)
        sums = np.mean([_forward(encoded, layers) for layers in self._networks], axis=0)
        return respond(self._link, sums if self._link == "softmax" else sums[:, 0])

    def graph(self) -> bytes:
        """Write the networks as one ONNX graph."""
        return networks_graph(self._task, self._encoding, self._networks, self._link)


class Mlp:
    """The algorithm `mlp`."""

    def fit(
        self,
        task: Task,
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        *,
        log: Callable[[str], None],
        checkpoints: Path | None = None,
    ) -> NetworkModel:
        """Fit on `train`, and stop when the loss on `validation` no longer falls, or after `epochs` without it."""
        link = link_of(task)
        encoding = fit_encoding(train.features, task.is_category, is_ready=task.is_ready)
        mean, scale = (
            (0.0, 1.0) if link != "identity" else (float(train.target.mean()), float(train.target.std()) or 1.0)
        )

        def encoded(rows: Rows) -> Rows:
            counted = weighted(task, rows, values["class_weight"])
            target = (rows.target - mean) / scale
            return replace(counted, features=encoding.transform(rows.features), target=target)

        held_out = None if validation is None else encoded(validation)
        # one thread: sums of several depend on how many there are
        with threadpool_limits(1):
            networks = [
                train_network(
                    link, task.classes, encoded(train), held_out, values, seed=(task.seed + member) % 2**31, log=log
                )
                for member in range(values["ensemble_size"])
            ]
        layers = [_rescaled(network.layers, mean, scale) for network in networks]
        best = round(float(np.median([network.epochs for network in networks]))) - 1
        return NetworkModel(task, encoding, layers, link, best)


def _rescaled(layers: Sequence[Layer], mean: float, scale: float) -> list[Layer]:
    """Take a number's mean and deviation into the last layer."""
    weights, biases = layers[-1]
    return [*layers[:-1], (weights * scale, biases * scale + mean)]


def _forward(rows: Any, layers: Sequence[Layer]) -> Any:
    for place, (weights, biases) in enumerate(layers):
        rows = rows @ weights + biases
        if place < len(layers) - 1:
            rows = np.maximum(rows, 0)
    return rows


ALGORITHM = Mlp()
