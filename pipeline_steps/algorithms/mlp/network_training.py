"""One network, fitted epoch by epoch by scikit-learn's Adam."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from pipeline_steps.algorithms.algorithm import Rows
from pipeline_steps.algorithms.graphs.links import Link
from pipeline_steps.algorithms.mlp.export import Layer

_PROGRESS_EPOCHS = 20
_PAIR = np.array([0.0, 1.0])
"""Of two classes scikit-learn gives the sum of the second against the first."""


@dataclass(frozen=True)
class Network:
    """Fitted layers, and the epochs that they took."""

    layers: tuple[Layer, ...]
    epochs: int


def train_network(
    link: Link,
    classes: int,
    train: Rows,
    validation: Rows | None,
    values: Mapping[str, Any],
    *,
    seed: int,
    log: Callable[[str], None],
) -> Network:
    """Fit on encoded rows; with `validation` the epoch with the least loss there is kept."""
    model = _model(link, values, seed=seed, rows=len(train))
    known = {} if link == "identity" else {"classes": np.arange(classes)}
    least, best = np.inf, 0
    layers: tuple[Layer, ...] = ()
    for epoch in range(1, values["epochs"] + 1):
        model.partial_fit(train.features, _labels(link, train), sample_weight=train.weights, **known)
        if validation is None:
            continue
        loss = _loss(link, model, validation)
        if loss < least:
            least, best, layers = loss, epoch, _layers(link, classes, model)
        if epoch % _PROGRESS_EPOCHS == 0:
            log(f"[{epoch}]\tvalidation-loss:{loss:.5f}")
        if epoch - best >= values["early_stopping_epochs"]:
            break
    return Network(layers, best) if layers else Network(_layers(link, classes, model), values["epochs"])


def _model(link: Link, values: Mapping[str, Any], *, seed: int, rows: int) -> Any:
    kind = MLPRegressor if link == "identity" else MLPClassifier
    return kind(
        hidden_layer_sizes=(values["hidden_units"],) * values["hidden_layers"],
        alpha=values["alpha"],
        learning_rate_init=values["learning_rate"],
        batch_size=min(values["batch_size"], rows),
        random_state=seed,
    )


def _labels(link: Link, rows: Rows) -> Any:
    return rows.target.astype(np.float32) if link == "identity" else rows.target.astype(np.int64)


def _loss(link: Link, model: Any, rows: Rows) -> float:
    if link == "identity":
        losses = (model.predict(rows.features) - rows.target) ** 2
    else:
        shares = model.predict_proba(rows.features)[np.arange(len(rows)), rows.target.astype(np.int64)]
        losses = -np.log(np.maximum(shares.astype(np.float64), 1e-7))
    return float(np.average(losses, weights=rows.weights))


def _layers(link: Link, classes: int, model: Any) -> tuple[Layer, ...]:
    layers = [
        (weights.astype(np.float64), biases.astype(np.float64))
        for weights, biases in zip(model.coefs_, model.intercepts_, strict=True)
    ]
    if link == "softmax" and classes == len(_PAIR):
        weights, biases = layers[-1]
        layers[-1] = weights * _PAIR, biases * _PAIR
    return tuple(layers)
