"""Clusters by scikit-learn's k-means, on encoded rows."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.algorithms.encoding import Encoding, fit_encoding
from pipeline_steps.algorithms.k_means.export import distances_graph
from pipeline_steps.errors import DataError
from pipeline_steps.problems.problem import Outputs
from pipeline_steps.rounding import counted


class ClusterModel:
    """An encoding, and the centres of clusters."""

    best_iteration: int | None = None

    def __init__(self, task: Task, encoding: Encoding, centres: NDArray[np.float32]) -> None:
        self._task, self._encoding, self._centres = task, encoding, centres

    def predict(self, features: Features) -> Outputs:
        """Give the distances of rows, [rows, clusters]."""
        encoded = self._encoding.transform(features)
        distances = [np.linalg.norm((encoded - centre).astype(np.float64), axis=1) for centre in self._centres]
        return np.stack(distances, axis=1).astype(np.float32)

    def graph(self) -> bytes:
        """Write the model as an ONNX graph."""
        return distances_graph(self._task, self._encoding, self._centres)


class Clusters:
    """The algorithm `k_means`; `validation` stays unseen."""

    def fit(
        self,
        task: Task,
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        *,
        log: Callable[[str], None],
        checkpoints: Path | None = None,
    ) -> ClusterModel:
        """Fit on `train`; the largest cluster is the first."""
        encoding = fit_encoding(train.features, task.is_category, is_ready=task.is_ready, logarithms="instead")
        encoded = encoding.transform(train.features)
        if (different := len(np.unique(encoded, axis=0))) < values["clusters"]:
            raise DataError(
                f"rows for {counted(values['clusters'], 'cluster')} must differ, got {different} different ones"
            )
        # one thread: sums of several depend on how many there are
        with threadpool_limits(1):
            model = KMeans(values["clusters"], n_init=values["restarts"], random_state=task.seed).fit(encoded)
        sizes = np.bincount(model.labels_, minlength=values["clusters"])
        order = np.argsort(-sizes, kind="stable")
        return ClusterModel(task, encoding, model.cluster_centers_[order].astype(np.float32))


ALGORITHM = Clusters()
