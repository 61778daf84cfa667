"""The recipes of `benchmarks/recipe.py` as pipelines of scikit-learn, which take a data frame's row."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
    TargetEncoder,
)


def _one_hot(**options: Any) -> Any:
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False, **options)


def _quantiles() -> Any:
    return KBinsDiscretizer(10, encode="onehot-dense", quantile_method="linear")


def _clip() -> Any:
    return FunctionTransformer(lambda values: np.clip(values, 0.0, 100.0))


NUMBERS: Mapping[str, Callable[[], Sequence[Any]]] = {
    "outliers capped": lambda: [_clip(), StandardScaler()],
    "log1p": lambda: [FunctionTransformer(np.log1p), StandardScaler()],
    "yeo_johnson": lambda: [PowerTransformer()],
    "ten quantile bins": lambda: [_quantiles()],
    "yeo_johnson, products": lambda: [PowerTransformer(), PolynomialFeatures(2, include_bias=False)],
    "pca": lambda: [StandardScaler(), PCA(5)],
}
"""What is done to numbers, after the median has taken the place of missing ones; standardised where nothing is here."""


def peer_pipeline(recipe: str, numbers: Sequence[str], categories: Sequence[str]) -> Any:
    """Make the pipeline of a recipe, up to a logistic regression."""
    steps = NUMBERS.get(recipe, lambda: [StandardScaler()])()
    encoder = TargetEncoder(random_state=0) if recipe == "target" else _one_hot(min_frequency=20)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), *steps), list(numbers)),
            ("categories", encoder, list(categories)),
        ]
    )
    select = [SelectKBest(k=8)] if recipe == "k_best" else []
    return make_pipeline(columns, *select, LogisticRegression(max_iter=1000))


def fit_peer(recipe: str, table: pd.DataFrame, target: Any, kinds: Mapping[str, str]) -> Callable[[pd.DataFrame], Any]:
    """Fit the pipeline; gives what predicts the probability of rows."""
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    fitted = peer_pipeline(recipe, numbers, [name for name in kinds if name not in numbers]).fit(table, target)
    predict: Callable[[pd.DataFrame], Any] = fitted.predict_proba
    return predict
