"""How many rows are outliers, by methods that look at all number columns together."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.errors import StepError
from pipeline_steps.tables.use_case import NUMBERS, UseCase

MOST_ROWS = 2_000
_FEWEST_ROWS = 30
_NEIGHBOURS = 20
_CONFIDENCE = 0.999
_CLUSTER_ROWS = 5
_NU = 0.05
_TOLERANCE = 1e-6

_Matrix = NDArray[np.float64]


def row_outliers(use_case: UseCase, table: pd.DataFrame) -> dict[str, Any]:
    """Count by each method that the use case names, in a sample of the rows.

    Columns are scaled by their standard deviation; the median stands for missing and impossible values. A method that
    cannot be applied says why (`skipped`).
    """
    if not use_case.row_outliers:
        return {}
    if unknown := [name for name in use_case.row_outliers if name not in METHODS]:
        raise StepError(f"row_outliers must be of {', '.join(METHODS)}, got {unknown[0]}")
    values = _scaled(use_case, table)
    return {
        "row_outliers": {
            "rows": values.shape[0],
            "columns": values.shape[1],
            "methods": {name: {"rule": METHODS[name][0], **_counted(name, values)} for name in use_case.row_outliers},
        }
    }


def _scaled(use_case: UseCase, table: pd.DataFrame) -> _Matrix:
    """The sample's number columns; those that do not vary in it are left out."""
    if len(table) > MOST_ROWS:
        table = table.sample(MOST_ROWS, random_state=0)
    columns = [column for column in use_case.columns if column.kind in NUMBERS]
    numbers = pd.DataFrame({each.name: table[each.name].where(each.is_possible(table[each.name])) for each in columns})
    centred = (numbers - numbers.median()).fillna(0.0)
    deviations = centred.std()
    varying = deviations.index[deviations > 0]
    return (centred[varying] / deviations[varying]).to_numpy(dtype=np.float64).reshape(len(table), len(varying))


def _counted(name: str, values: _Matrix) -> dict[str, Any]:
    if len(values) < _FEWEST_ROWS or not values.shape[1]:
        return {"skipped": f"needs {_FEWEST_ROWS} rows and a number that varies"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # such as a covariance without full rank
            found = METHODS[name][1](values)
    except (ValueError, UserWarning, RuntimeWarning) as exc:
        return {"skipped": str(exc).splitlines()[0]}
    return {"count": int(found.sum()), "share": float(found.mean())}


# scikit-learn takes longer to import than Prepare takes without it.
def _isolation_forest(values: _Matrix) -> NDArray[np.bool_]:
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415

    return np.asarray(IsolationForest(random_state=0).fit_predict(values) < 0)


def _local_outlier_factor(values: _Matrix) -> NDArray[np.bool_]:
    from sklearn.neighbors import LocalOutlierFactor  # noqa: PLC0415

    distinct, row = np.unique(values, axis=0, return_inverse=True)  # many equal rows have no density
    return np.asarray(LocalOutlierFactor(n_neighbors=_NEIGHBOURS).fit_predict(distinct) < 0)[row]


def _elliptic_envelope(values: _Matrix) -> NDArray[np.bool_]:
    from scipy.stats import chi2  # noqa: PLC0415
    from sklearn.covariance import EllipticEnvelope  # noqa: PLC0415

    distances = EllipticEnvelope(random_state=0).fit(values).mahalanobis(values)
    return np.asarray(distances > chi2.ppf(_CONFIDENCE, values.shape[1]))


def _dbscan(values: _Matrix) -> NDArray[np.bool_]:
    from sklearn.cluster import DBSCAN  # noqa: PLC0415
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

    nearest = NearestNeighbors(n_neighbors=_CLUSTER_ROWS).fit(values)
    distance = 2 * float(np.median(nearest.kneighbors()[0][:, -1]))
    if distance <= 0:
        raise ValueError("half of the rows have five equal ones")
    return np.asarray(DBSCAN(eps=distance, min_samples=_CLUSTER_ROWS).fit_predict(values) < 0)


def _one_class_svm(values: _Matrix) -> NDArray[np.bool_]:
    from sklearn.svm import OneClassSVM  # noqa: PLC0415

    distances = OneClassSVM(nu=_NU, tol=_TOLERANCE).fit(values).decision_function(values)
    return np.asarray(distances < -10 * _TOLERANCE)  # rows on the boundary itself are not outside


METHODS: Mapping[str, tuple[str, Callable[[_Matrix], NDArray[np.bool_]]]] = {
    "isolation_forest": ("an anomaly score above 0.5", _isolation_forest),
    "local_outlier_factor": (
        "a density below two thirds of that of the 20 nearest distinct rows",
        _local_outlier_factor,
    ),
    "elliptic_envelope": ("a robust distance that 0.1 % of normal rows exceed", _elliptic_envelope),
    "dbscan": ("no cluster within twice the median distance to the fifth nearest row", _dbscan),
    "one_class_svm": ("outside of a boundary that leaves out at most 5 % of any table", _one_class_svm),
}
"""The rule in words, and which rows it finds."""
