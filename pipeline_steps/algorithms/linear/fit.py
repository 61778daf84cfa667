"""The baseline: a logistic regression, preprocessing and all, as a scikit-learn pipeline."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline_steps.algorithms.linear.export import logistic_graph
from pipeline_steps.features.columns import FeatureColumn, NumberColumn

_MISSING_CODE = -1.0


class LogisticModel:
    """A fitted pipeline: impute, scale, one-hot, logistic regression."""

    best_iteration: int | None = None

    def __init__(self, pipeline: Pipeline, columns: int) -> None:
        self._pipeline = pipeline
        self._columns = columns

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the probability of the positive class, float32 [rows]."""
        probabilities: NDArray[np.float64] = self._pipeline.predict_proba(features)
        return probabilities[:, 1].astype(np.float32)

    def graph(self) -> bytes:
        """Write the pipeline as an ONNX graph."""
        return logistic_graph(self._pipeline, columns=self._columns)


def fit_logistic(
    columns: Sequence[FeatureColumn], features: NDArray[np.float32], positive: NDArray[np.bool_], *, seed: int
) -> LogisticModel:
    """Fit on encoded rows; `columns` says which of them are numbers."""
    numbers = [position for position, column in enumerate(columns) if isinstance(column, NumberColumn)]
    categories = [position for position in range(len(columns)) if position not in numbers]
    number_steps = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    category_steps = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=_MISSING_CODE, keep_empty_features=True),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    parts = [("numbers", number_steps, numbers), ("categories", category_steps, categories)]
    encode = ColumnTransformer([part for part in parts if part[2]])
    pipeline = Pipeline([("encode", encode), ("model", LogisticRegression(max_iter=2000, random_state=seed))])
    return LogisticModel(pipeline.fit(features, positive.astype(np.int64)), features.shape[1])
