"""Metrics of clusters by the distances to their centres alone, of every resample at once."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.measuring import PerResample, mean, one_hot, ratio
from pipeline_steps.problems.problem import Outputs, Resamples


def cluster_metrics(outputs: Outputs, resamples: Resamples) -> dict[str, PerResample]:
    """Measure how near rows are to their own centre, and how far from the next one.

    `silhouette` is the simplified one, by distances to centres instead of between all rows; `inertia` is the mean of
    the squared distances, which unlike their sum is the same for more rows alike.
    """
    distances = outputs.astype(np.float64)
    nearest, second = np.sort(distances, axis=1)[:, :2].T
    silhouette = np.divide(second - nearest, second, out=np.zeros(len(second)), where=second > 0)
    return {
        "silhouette": mean(resamples, silhouette),
        "davies_bouldin": _davies_bouldin(distances, resamples),
        "inertia": mean(resamples, nearest**2),
    }


def _davies_bouldin(distances: NDArray[np.float64], resamples: Resamples) -> PerResample:
    """Give the mean over the clusters of the worst ratio of two clusters' scatter to the distance of their centres.

    Centres belong to the model: every resample has the same ones. Clusters without rows do not count.
    """
    width = distances.shape[1]
    members = one_hot(distances.argmin(axis=1), width)
    between = _between_centres(distances, members)
    scatter = ratio(resamples @ (members * distances), resamples @ members)
    worst = np.full(scatter.shape, np.nan)
    for place in range(width):
        others = np.delete(scatter, place, axis=1)
        ratios = (scatter[:, place, None] + others) / np.delete(between[place], place)
        found = np.where(np.isfinite(ratios), ratios, -np.inf).max(axis=1)
        worst[:, place] = np.where(np.isfinite(found), found, np.nan)
    known = np.isfinite(worst)
    return ratio(np.where(known, worst, 0).sum(axis=1), known.sum(axis=1).astype(np.float64))


def _between_centres(distances: NDArray[np.float64], members: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the distances between centres, which are the means of their rows.

    For the rows of a cluster the mean squared distance to another centre exceeds that to their own by the square of the
    centres' distance; NaN for a cluster without rows.
    """
    squares, rows = distances**2, members.sum(axis=0)
    mean_squares = ratio(members.T @ squares, np.repeat(rows[:, None], len(rows), axis=1))
    excess = mean_squares - mean_squares.diagonal()[:, None]
    both = np.where(np.isfinite(excess), excess, excess.T), np.where(np.isfinite(excess.T), excess.T, excess)
    found: NDArray[np.float64] = np.sqrt((both[0] + both[1]) / 2)
    return found
