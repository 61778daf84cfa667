"""The kinds of problem, and what settings may ask of each; `tests/contract/test_problems.py` compares the container."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ProblemName = Literal["binary", "multiclass", "regression", "anomaly", "clustering"]
AlgorithmName = Literal[
    "linear", "xgboost", "lightgbm", "random_forest", "mlp", "k_means", "isolation_forest", "script", "image"
]
Direction = Literal["maximize", "minimize"]
Maximised = Literal["value", "f1", "accuracy", "f_beta", "recall_at_precision", "top_share"]
"""What the decision may maximise."""

VALUE_METRIC = "value_per_1000"
"""A metric of every problem that is given `[value]`: what 1,000 predictions are worth."""

SHARES = frozenset(
    (
        "auc",
        "average_precision",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "brier",
        "f1_macro",
        "f1_weighted",
        "balanced_accuracy",
        "auc_ovr",
    )
)
"""Metrics between 0 and 1."""

_PARAMETERS: Mapping[Maximised, str] = {
    "f_beta": "beta",
    "recall_at_precision": "precision",
    "top_share": "share",
}
_OUTCOMES = ("true_positive", "false_positive", "true_negative", "false_negative")
_CUTS: tuple[Maximised, ...] = ("value", "f1", "accuracy", "f_beta", "recall_at_precision", "top_share")


@dataclass(frozen=True)
class ProblemFacts:
    """What depends on the problem in the settings.

    Attributes:
        metrics: every metric, the default first, with the direction that is better.
        target: whether `data.target` must, may or must not be given.
        positive_label: whether the target has a positive label.
        default_algorithms: those that are searched where the settings name none.
        reference: the algorithm that every candidate is compared with, at its default hyperparameters.
        maximised: what the decision may maximise.
        intervals: whether a prediction may come with an interval.
        value: the keys of `[value]`, beside `currency`.
        against: the rows that the metrics compare the table's with, where no target is known.
    """

    metrics: Mapping[str, Direction]
    target: Literal["needed", "optional", "none"]
    positive_label: bool
    default_algorithms: tuple[AlgorithmName, ...]
    reference: AlgorithmName
    maximised: tuple[Maximised, ...] = ()
    intervals: bool = False
    value: tuple[str, ...] = ()
    against: str = ""


PROBLEMS: Mapping[ProblemName, ProblemFacts] = {
    "binary": ProblemFacts(
        metrics={
            "auc": "maximize",
            "average_precision": "maximize",
            "accuracy": "maximize",
            "precision": "maximize",
            "recall": "maximize",
            "f1": "maximize",
            "log_loss": "minimize",
            "brier": "minimize",
        },
        target="needed",
        positive_label=True,
        default_algorithms=("xgboost",),
        reference="linear",
        maximised=_CUTS,
        value=_OUTCOMES,
    ),
    "multiclass": ProblemFacts(
        metrics={
            "log_loss": "minimize",
            "accuracy": "maximize",
            "f1_macro": "maximize",
            "f1_weighted": "maximize",
            "balanced_accuracy": "maximize",
            "auc_ovr": "maximize",
        },
        target="needed",
        positive_label=False,
        default_algorithms=("xgboost",),
        reference="linear",
        maximised=("value", "accuracy"),
        value=("matrix",),
    ),
    "regression": ProblemFacts(
        metrics={
            "rmse": "minimize",
            "mae": "minimize",
            "r2": "maximize",
            "mape": "minimize",
            "median_absolute_error": "minimize",
            "explained_variance": "maximize",
        },
        target="needed",
        positive_label=False,
        default_algorithms=("xgboost",),
        reference="linear",
        maximised=("value",),
        intervals=True,
        value=("overestimate", "underestimate"),
    ),
    "anomaly": ProblemFacts(
        metrics={"auc": "maximize", "average_precision": "maximize"},
        target="optional",
        positive_label=True,
        default_algorithms=("isolation_forest",),
        reference="isolation_forest",
        maximised=_CUTS,
        value=_OUTCOMES,
        against="permuted rows",
    ),
    "clustering": ProblemFacts(
        metrics={"silhouette": "maximize", "davies_bouldin": "minimize", "inertia": "minimize"},
        target="none",
        positive_label=False,
        default_algorithms=("k_means",),
        reference="k_means",
    ),
}


def parameter_of(maximised: Maximised) -> str | None:
    """The key of `[decision]` that says how far, where there is one: the beta, the precision or the share."""
    return _PARAMETERS.get(maximised)
