"""What is shown of a model of clusters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.drawing import BLUE, GREY, picture
from pipeline_steps.problems.report import Losses, Predicted, measured


class ClusteringReport:
    """Distances to the centres."""

    def losses(self, predicted: Predicted) -> Losses:
        """Give the distance to the nearest centre."""
        return Losses("distance", predicted.outputs.min(axis=1).astype(np.float64))

    def model_quality(self, predicted: Predicted, deviations: Mapping[str, float]) -> dict[str, Any]:
        """Give silhouette and distance; SageMaker has no format for clusters."""
        outputs = _of_real_rows(predicted)
        nearest, silhouettes = outputs.min(axis=1), silhouettes_of(outputs)
        rows = np.sqrt(len(nearest))
        found = {
            "silhouette": measured(float(silhouettes.mean()), float(silhouettes.std() / rows)),
            "distance": measured(float(nearest.mean()), float(nearest.std() / rows)),
        }
        return {"clustering_metrics": found}

    def draw(self, folder: Path, predicted: Predicted) -> dict[str, str]:
        """Draw the clusters' sizes, and the silhouettes of the rows in each."""
        outputs = _of_real_rows(predicted)
        labels, width = outputs.argmin(axis=1), outputs.shape[1]
        draw_sizes(folder / "clusters.svg", np.bincount(labels, minlength=width))
        draw_silhouettes(folder / "silhouette.svg", silhouettes_of(outputs), labels, width)
        return {"clusters.svg": "rows in each cluster", "silhouette.svg": "silhouettes of the rows in each cluster"}


def _of_real_rows(predicted: Predicted) -> NDArray[np.float32]:
    """Leave out the permuted rows, which the naive reference is measured on."""
    real: NDArray[np.float32] = predicted.outputs[predicted.target != 1]
    return real


def silhouettes_of(distances: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give each row's simplified silhouette: how much nearer its own centre is than the next one, -1 to 1."""
    if distances.shape[1] < 2:
        return np.zeros(len(distances))
    ordered = np.partition(distances.astype(np.float64), 1, axis=1)
    own, other = ordered[:, 0], ordered[:, 1]
    return np.divide(other - own, other, out=np.zeros(len(own)), where=other > 0)


def draw_sizes(path: Path, sizes: NDArray[np.int64]) -> None:
    """Draw a bar a cluster."""
    with picture(path, width=5.2, height=3.4) as (axes,):
        bars = axes.bar(np.arange(len(sizes)), sizes, color=BLUE)
        axes.bar_label(bars, [f"{size:,}" for size in sizes], fontsize=9)
        axes.set(xlabel="cluster", ylabel="rows")
        axes.set_xticks(range(len(sizes)))


def draw_silhouettes(path: Path, silhouettes: NDArray[np.float64], labels: NDArray[np.int64], width: int) -> None:
    """Draw each cluster's silhouettes in order, and the mean of all rows."""
    with picture(path, width=5.2, height=1.6 + 0.5 * width) as (axes,):
        for cluster in range(width):
            own = np.sort(silhouettes[labels == cluster])
            if len(own):
                axes.fill_betweenx(np.linspace(cluster - 0.4, cluster + 0.4, len(own)), 0, own, color=BLUE, linewidth=0)
        axes.axvline(float(silhouettes.mean()), color=GREY, linestyle="--", linewidth=1)
        axes.set_yticks(range(width))
        axes.set(xlabel="silhouette", ylabel="cluster")
