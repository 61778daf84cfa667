"""Clustering: rows belong to the cluster whose centre is nearest."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import DataError
from pipeline_steps.problems.checks import finite_errors, relative_difference
from pipeline_steps.problems.clustering.responses import ClusterResponder
from pipeline_steps.problems.measuring import PerResample, defined, once
from pipeline_steps.problems.permuted import with_permuted_rows
from pipeline_steps.problems.problem import (
    Decision,
    Direction,
    LabelKind,
    Likelihood,
    Outputs,
    Resamples,
    Target,
)
from pipeline_steps.problems.quality import Quality
from pipeline_steps.problems.report import Report
from pipeline_steps.tables.use_case import UseCase

if TYPE_CHECKING:
    import pandas as pd

_LARGEST_RELATIVE_DIFFERENCE = 1e-4


class Clustering:
    """There is no target; the naive reference is the same model on rows whose columns are permuted independently.

    Any clusters have a silhouette above 0, also those of a table without structure: what counts is how much clearer
    they are than by the columns one at a time.
    """

    name = "clustering"
    output = "distances"
    has_target = False
    likelihood: Likelihood = "none"
    metrics: Mapping[str, Direction] = {
        "silhouette": "maximize",
        "davies_bouldin": "minimize",
        "inertia": "minimize",
    }
    headline_range = (0.0, math.inf)
    label_kind: LabelKind = "group"
    quality: Quality | None = None

    def read_target(self, cells: "pd.Series[str]", use_case: UseCase) -> tuple[Target, tuple[str, ...]]:
        """There is none."""
        raise DataError(f"clustering has no target, got {use_case.target}: leave data.target out")

    def strata(self, target: Target) -> NDArray[np.int64]:
        """All rows are one stratum."""
        return np.zeros(len(target), dtype=np.int64)

    def category_order(self, target: Target) -> NDArray[np.float64]:
        """Order categories by nothing."""
        return np.zeros(len(target))

    def comparison_rows(
        self, features: "pd.DataFrame", target: Target, use_case: UseCase, *, seed: int
    ) -> tuple["pd.DataFrame", Target]:
        """Add the permuted rows, which the naive reference is measured on."""
        return with_permuted_rows(features, seed=seed)

    def against(self, use_case: UseCase) -> str:
        """Name none: metrics are of the rows alone."""
        return ""

    def naive_outputs(self, train: Target, outputs: Outputs, target: Target, use_case: UseCase) -> Outputs:
        """Give the distances of permuted rows in the place of the real ones; equal distances where there are none."""
        permuted = target == 1
        if not permuted.any():
            return np.ones_like(outputs)
        naive = outputs.copy()
        naive[~permuted] = outputs[permuted]
        return naive

    def choose_decision(self, target: Target, outputs: Outputs, use_case: UseCase) -> dict[str, Any]:
        """There is nothing to choose: the nearest cluster is the row's."""
        return {}

    def labels(self, outputs: Outputs, decision: Decision) -> NDArray[np.int64]:
        """Give the nearest cluster."""
        nearest: NDArray[np.int64] = outputs.argmin(axis=1)
        return nearest

    def label_names(self, classes: Sequence[str], width: int) -> tuple[str, ...]:
        """Number the clusters."""
        return tuple(map(str, range(width)))

    def headline(self, outputs: Outputs) -> NDArray[np.float32]:
        """Give the distance to the nearest centre."""
        distance: NDArray[np.float32] = outputs.min(axis=1)
        return distance

    def decision_curve(self, target: Target, outputs: Outputs, use_case: UseCase) -> list[dict[str, float]]:
        """There is no threshold."""
        return []

    def measure(self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase) -> dict[str, float]:
        """Measure how clear the clusters of the real rows are."""
        return defined(self.measure_resamples(target, outputs, decision, use_case, once(len(target))))

    def measure_resamples(
        self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase, resamples: Resamples
    ) -> dict[str, PerResample]:
        """Measure each resample."""
        from pipeline_steps.problems.clustering.metrics import cluster_metrics  # noqa: PLC0415

        real = target != 1
        return cluster_metrics(outputs[real], resamples[:, real])

    def report(self) -> Report:
        """Make what shows models."""
        from pipeline_steps.problems.clustering.report import ClusteringReport  # noqa: PLC0415 (the server shows none)

        return ClusteringReport()

    def largest_difference(self, exported: Outputs, fitted: Outputs) -> tuple[float, float]:
        """Compare distances, relative to their scale."""
        return relative_difference(exported, fitted), _LARGEST_RELATIVE_DIFFERENCE

    def responder(self, classes: Sequence[str], decision: Decision) -> ClusterResponder:
        """Make what writes and reads responses."""
        return ClusterResponder()

    def meaning(self, use_case: UseCase) -> dict[str, Any]:
        """Say what the distances are."""
        return {"name": self.output, "meaning": "distance to the centre of each cluster"}

    def output_errors(self, outputs: Outputs, classes: Sequence[str], rows: int) -> list[str]:
        """Check for the distances to two centres or more."""
        if outputs.ndim != 2 or len(outputs) != rows or outputs.shape[1] < 2:
            return [f"model.onnx must give a row the distances to 2 clusters or more, got shape {outputs.shape}"]
        if found := finite_errors(outputs):
            return found
        return [f"model.onnx must give distances of at least 0, got {outputs.min():g}"] if outputs.min() < 0 else []


CLUSTERING = Clustering()
