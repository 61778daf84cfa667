"""Every method of the recipe with a small recipe that has it, and what it does to the training rows.

A new method joins the tests on parity, leaks and effects by a case here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.algorithms.preprocessing import Preprocessing, fit_preprocessing
from pipeline_steps.artifact.contract import encode_table
from pipeline_steps.features.columns import FeatureColumn
from pipeline_steps.features.fit import fit_columns
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import Column, UseCase

Made = Mapping[str, NDArray[np.float32]]
"""The columns of the matrix by name."""

COLUMNS = (
    Column("amount", "number"),
    Column("size", "number"),
    Column("gap", "number"),
    Column("shop", "category"),
    Column("member", "boolean"),
    Column("day", "datetime"),
)
NAMES = [column.name for column in COLUMNS]


@cache
def table(rows: int = 160, *, seed: int = 0, problem: str = "binary") -> Split:
    """A skewed amount with outliers, a size around 0, a number that may be missing, shops of which some are rare."""
    generator = np.random.default_rng(seed)
    amount, size = generator.exponential(20, rows), generator.normal(0, 3, rows)
    amount[::40] *= 50
    gap = np.where(generator.random(rows) < 0.3, np.nan, generator.integers(0, 8, rows).astype(float))
    shop = generator.choice(["north", "south", "east", "west", "", "odd"], rows, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05])
    signal = np.log1p(amount) + size / 3 + 2 * (shop == "north") + generator.normal(0, 0.5, rows)
    target = {
        "binary": (signal > np.median(signal)).astype(float),
        "multiclass": np.digitize(signal, np.quantile(signal, [0.33, 0.66])).astype(float),
        "regression": signal,
    }.get(problem, np.full(rows, np.nan))
    member = generator.choice(["true", "false", ""], rows)
    day = 9000.0 + generator.integers(0, 700, rows)
    values = {"amount": amount, "size": size, "gap": gap, "shop": shop.astype(object), "member": member, "day": day}
    return Split(pd.DataFrame(values).astype({"member": object}), target)


def use_case(features: Mapping[str, Any], *, problem: str = "binary", folds: int = 0) -> UseCase:
    """The table's use case with a recipe."""
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c")}.get(problem, ())
    target = "bought" if classes or problem == "regression" else None
    positive = "yes" if problem == "binary" else None
    return UseCase(problem, COLUMNS, target, "", positive, features=features, classes=classes, folds=folds)


@dataclass(frozen=True)
class FittedCase:
    """A recipe fitted on a table, by the steps of training."""

    columns: tuple[FeatureColumn, ...]
    prepared: Preprocessing
    train: Split

    @property
    def names(self) -> list[str]:
        recipe = self.prepared.recipe
        assert recipe is not None
        return [each.name for each in recipe.features]

    def made(self, rows: Split | None = None) -> Made:
        """What the nodes make of rows of a table; without them, of the training rows."""
        matrix = self.prepared.matrix(encode_table(self.columns, (rows or self.train).features))
        return dict(zip(self.names, matrix.T, strict=True))

    def training(self) -> Made:
        """What the model is fitted on."""
        rows = self.prepared.training(encode_table(self.columns, self.train.features), self.train.target)
        return dict(zip(self.names, rows.features.T, strict=True))


def fit(features: Mapping[str, Any], *, problem: str = "binary", train: Split | None = None) -> FittedCase:
    """Fit a recipe."""
    case, rows, solved = use_case(features, problem=problem), train or table(problem=problem), problem_named(problem)
    columns = fit_columns(case, rows.features, solved.category_order(rows.target))
    encoded = encode_table(columns, rows.features)
    return FittedCase(columns, fit_preprocessing(case, solved, columns, encoded, rows.target, seed=0), rows)


def rule(columns: list[str], **stages: Any) -> dict[str, Any]:
    """A recipe of one rule."""
    return {"rules": [{"columns": columns, **stages}]}


@dataclass(frozen=True)
class Case:
    """A recipe with one method, and what must hold of the training table's raw columns and of what is made of them.

    Attributes:
        problems: those in which it must hold: one, unless the method sees the target.
    """

    features: Mapping[str, Any]
    effect: Callable[[pd.DataFrame, Made, FittedCase], Any]
    problems: tuple[str, ...] = ("binary",)


def _known(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = table[name].dropna().to_numpy()
    return values


def _skew(values: NDArray[Any]) -> float:
    centred = values.astype(float) - values.mean()
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)


def _bin_of_width(values: Any, bins: int) -> Any:
    return np.minimum(bins * (values - values.min()) / (values.max() - values.min()) // 1, bins - 1)


def _nearest_mean(values: Any, bins: Any) -> Any:
    means = values.groupby(bins).mean().to_numpy()
    return np.abs(values.to_numpy()[:, np.newaxis] - means).argmin(axis=1)


_ORDER = {"west": 0, "east": 1, "south": 2, "north": 3, "odd": -1, "": -1}
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "log": np.log,
    "square_root": np.sqrt,
    "cube_root": np.cbrt,
    "square": np.square,
    "cube": lambda values: values**3,
    "reciprocal": lambda values: 1 / values,
    "exponential": np.exp,
}


def _gives(function: Callable[[Any], Any], column: str = "amount") -> Callable[[pd.DataFrame, Made, FittedCase], Any]:
    return lambda raw, made, _: np.allclose(made[column], function(raw[column]), rtol=1e-5)


def _dates(table: pd.DataFrame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.Timestamp("2000-01-01") + pd.to_timedelta(table["day"], unit="D"))


TARGETED = ("binary", "multiclass", "regression")


def _far(raw: pd.DataFrame) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (raw["amount"] > 10 * raw["amount"].median()).to_numpy()
    return found


CASES: Mapping[str, Case] = {
    "missing median": Case(
        rule(["gap"], missing="median"),
        lambda raw, made, _: (made["gap"][raw["gap"].isna()] == np.median(_known(raw, "gap"))).all(),
    ),
    "missing mean": Case(
        rule(["gap"], missing="mean"),
        lambda raw, made, _: np.allclose(made["gap"][raw["gap"].isna()], _known(raw, "gap").mean()),
    ),
    "missing most_frequent": Case(
        rule(["gap"], missing="most_frequent"),
        lambda raw, made, _: (made["gap"][raw["gap"].isna()] == raw["gap"].mode().min()).all(),
    ),
    "missing native": Case(
        rule(["gap"], missing="native"),
        lambda raw, made, _: np.array_equal(np.isnan(made["gap"]), raw["gap"].isna()),
    ),
    "missing constant": Case(
        rule(["gap"], missing={"method": "constant", "value": -1.0}),
        lambda raw, made, _: (made["gap"] == -1).sum() == raw["gap"].isna().sum(),
    ),
    "missing_indicator": Case(
        {"numbers": {"missing_indicator": True}},
        lambda raw, made, _: (made["gap: missing"] == raw["gap"].isna()).all() and "amount: missing" not in made,
    ),
    "outliers iqr cap": Case(
        rule(["amount"], outliers={"detect": "iqr", "treat": "cap"}),
        lambda raw, made, _: made["amount"].max() < raw["amount"].max() / 5 and made["amount"].min() >= 0,
    ),
    "outliers z_score impute": Case(
        rule(["amount", "gap"], outliers={"detect": "z_score", "treat": "impute"}),
        lambda raw, made, _: (
            np.median(made["amount"][_far(raw)]) < 25 and np.isnan(made["gap"]).sum() == raw["gap"].isna().sum()
        ),
    ),
    "outliers robust_z transform": Case(
        rule(["amount"], outliers={"detect": "robust_z", "treat": "transform"}),
        lambda raw, made, _: (
            made["amount"][~_far(raw)].min() == np.float32(raw["amount"].min())
            and made["amount"].max() < raw["amount"].max() / 5
            and np.array_equal(np.argsort(made["amount"]), np.argsort(raw["amount"]))
        ),
    ),
    **{
        f"outliers {name}": Case(
            {"numbers": {"outliers": {"detect": name, **options}}, **rule(["size"], scale="standard")},
            lambda raw, made, fitted: (
                0.8 * len(raw) < len(fitted.training()["amount"]) < len(raw) == len(made["amount"])
                and fitted.training()["amount"].max() < raw["amount"].max() / 2
            ),
        )
        for name, options in {
            "dbscan": {},
            "isolation_forest": {"share": 0.05},
            "local_outlier_factor": {"share": 0.05, "neighbors": 10},
            "elliptic_envelope": {"share": 0.05},
            "one_class_svm": {"share": 0.1},
        }.items()
    },
    "outliers iqr drop": Case(
        rule(["amount"], outliers={"detect": "iqr", "treat": "drop"}),
        lambda raw, made, fitted: len(fitted.training()["amount"]) < len(raw) == len(made["amount"]),
    ),
    **{
        f"transform {name}": Case(
            rule(["size" if name == "exponential" else "amount"], transform=name),
            _gives(function, "size" if name == "exponential" else "amount"),
        )
        for name, function in FUNCTIONS.items()
    },
    **{
        f"transform power {exponent}": Case(
            rule(["amount"], transform={"method": "power", "exponent": exponent}),
            _gives(lambda values, exponent=exponent: values**exponent),
        )
        for exponent in (1.5, -0.5, -2)
    },
    "transform quantile uniform": Case(
        rule(["amount", "gap"], transform={"method": "quantile", "quantiles": 20}),
        lambda _, made, __: np.allclose(np.quantile(made["amount"], [0, 0.25, 0.5, 1]), [0, 0.25, 0.5, 1], atol=0.02),
    ),
    "transform quantile normal": Case(
        rule(["amount", "gap", "size"], transform={"method": "quantile", "output": "normal"}),
        lambda raw, made, _: (
            abs(_skew(made["amount"])) < 0.3 < _skew(raw["amount"].to_numpy())
            and np.isnan(made["gap"]).sum() == raw["gap"].isna().sum()
        ),
    ),
    "transform log1p": Case(
        rule(["amount"], transform="log1p"),
        lambda raw, made, _: np.allclose(made["amount"], np.log1p(raw["amount"]), rtol=1e-6),
    ),
    "transform yeo_johnson": Case(
        rule(["amount", "size"], transform="yeo_johnson"),
        lambda raw, made, _: abs(_skew(made["amount"])) < 0.3 < _skew(raw["amount"].to_numpy()),
    ),
    "bins quantile": Case(
        rule(["amount", "gap"], bins={"method": "quantile", "bins": 4}),
        lambda raw, made, _: np.bincount(made["amount"].astype(int)).tolist() == [len(raw) // 4] * 4,
    ),
    "bins quantile one_hot": Case(
        rule(["size", "gap"], bins={"method": "quantile", "bins": 4, "output": "one_hot"}),
        lambda raw, made, _: (
            np.sum([made[name] for name in made if name.startswith("gap: ")]) == len(_known(raw, "gap"))
        ),
    ),
    "bins edges": Case(
        rule(["gap", "size"], bins={"method": "edges", "edges": [0, 4]}),
        lambda raw, made, _: (
            np.array_equal(made["gap"], np.where(raw["gap"].isna(), np.nan, 1 + (raw["gap"] >= 4)), equal_nan=True)
            and (made["size"] == 0).sum() == (raw["size"] < 0).sum()
        ),
    ),
    "bins edges one_hot": Case(
        rule(
            ["gap"], bins={"method": "edges", "edges": [2, 6], "labels": ["few", "some", "many"], "output": "one_hot"}
        ),
        lambda raw, made, _: (made["gap: some"] == raw["gap"].between(2, 5)).all() and "gap: few" in made,
    ),
    "bins equal_width": Case(
        rule(["amount", "size"], bins={"method": "equal_width", "bins": 4}),
        lambda raw, made, _: np.array_equal(made["amount"], _bin_of_width(raw["amount"], 4)),
    ),
    "bins k_means": Case(
        rule(["amount", "gap", "day"], bins={"method": "k_means", "bins": 3}),
        lambda raw, made, _: np.array_equal(_nearest_mean(raw["amount"], made["amount"]), made["amount"]),
    ),
    "bins k_means one_hot": Case(
        rule(["gap"], bins={"method": "k_means", "bins": 100, "output": "one_hot"}),
        lambda raw, made, _: len([name for name in made if name.startswith("gap: ")]) == raw["gap"].nunique(),
    ),
    "scale standard": Case(
        {"numbers": {"scale": "standard"}},
        lambda _, made, __: abs(made["amount"].mean()) < 1e-6 and abs(made["amount"].std() - 1) < 1e-6,
    ),
    "scale min_max": Case(
        {"numbers": {"scale": "min_max"}},
        lambda _, made, __: (made["size"].min(), made["size"].max()) == (0, 1),
    ),
    "scale max_abs": Case(
        {"numbers": {"scale": "max_abs"}},
        lambda raw, made, _: (
            abs(made["size"]).max() == 1
            and np.array_equal(made["gap"] == 0, raw["gap"] == 0)
            and made["size"].min() < 0
        ),
    ),
    "scale robust": Case(
        {"numbers": {"scale": {"method": "robust", "middle_percent": 80}}},
        lambda _, made, __: (
            np.allclose(np.quantile(made["amount"], [0.5]), 0, atol=1e-6)
            and np.isclose(np.diff(np.quantile(made["amount"], [0.1, 0.9])), 1)
        ),
    ),
    "scale normalise": Case(
        {
            "rules": [
                {"columns": ["amount", "size", "gap"], "scale": "normalise"},
                {"columns": ["gap"], "missing": "median", "missing_indicator": True},
            ]
        },
        lambda _, made, __: np.allclose(made["amount"] ** 2 + made["size"] ** 2 + made["gap"] ** 2, 1),
    ),
    "scale normalise l1 and max": Case(
        {
            "rules": [
                {"columns": ["amount", "day"], "scale": {"method": "normalise", "norm": "max"}},
                {"columns": ["size", "gap"], "scale": {"method": "normalise", "norm": "l1"}},
            ]
        },
        lambda raw, made, _: (
            np.allclose(abs(made["size"]) + np.nan_to_num(made["gap"]), 1)
            and np.array_equal(np.isnan(made["gap"]), raw["gap"].isna())
            and (made["day"] == 1).all()
        ),
    ),
    "scale none": Case(
        {"numbers": {"scale": "none"}},
        lambda raw, made, _: (made["size"] == raw["size"].astype(np.float32)).all(),
    ),
    "encode one_hot": Case(
        {"categories": {"encode": {"method": "one_hot", "rare_rows": 20}}},
        lambda raw, made, _: (made["shop: north"] == (raw["shop"] == "north")).all() and "shop: rare" in made,
    ),
    "encode similar": Case(
        {"categories": {"encode": {"method": "similar", "rare_rows": 12}}},
        # of the shops only north has a target of its own
        lambda raw, made, _: (
            len([name for name in made if name.startswith("shop: ")]) == 2
            and np.array_equal(made["shop: north"], raw["shop"] == "north")
        ),
        TARGETED,
    ),
    "encode similar groups": Case(
        {"categories": {"encode": {"method": "similar", "groups": 3, "rare_rows": 12}}},
        lambda _, made, fitted: (
            len([name for name in made if name.startswith("shop: ")]) == 3
            and not np.array_equal(_first(made, "shop"), _first(fitted.training(), "shop"))
        ),
        TARGETED,
    ),
    "encode ordinal": Case(
        rule(["shop"], encode={"method": "ordinal", "order": ["west", "east", "south", "north", "odd"]}),
        lambda raw, made, _: (made["shop: order"] == raw["shop"].map(_ORDER)).all(),
    ),
    "encode target_rank": Case(
        {"categories": {"encode": "target_rank"}},
        lambda raw, made, fitted: (
            made["shop: rank"].max() in set(made["shop: rank"][raw["shop"] == "north"])
            and not np.array_equal(made["shop: rank"], fitted.training()["shop: rank"])
        ),
        TARGETED,
    ),
    "encode frequency": Case(
        {"categories": {"encode": "frequency"}},
        lambda raw, made, _: (made["shop: share"] == np.float32((raw["shop"] == "east").mean()))[
            raw["shop"] == "east"
        ].all(),
    ),
    "encode target": Case(
        {"categories": {"encode": "target"}},
        lambda _, made, fitted: not np.array_equal(_first(made, "shop"), _first(fitted.training(), "shop")),
        TARGETED,
    ),
    "derived": Case(
        {"derived": {"ratios": [["amount", "gap"]], "differences": [["amount", "size"]]}},
        lambda raw, made, _: np.isnan(made["amount / gap"]).sum() == (raw["gap"].isna() | (raw["gap"] == 0)).sum(),
    ),
    "dates": Case(
        {
            "dates": [{"parts": ["year", "weekday", "month_cycle"]}],
            "rules": [{"columns": ["*sine"], "scale": "max_abs"}],
        },
        lambda raw, made, _: (
            np.array_equal(made["day: year"], _dates(raw).year)
            and np.allclose(made["day: month cosine"], np.cos((_dates(raw).month - 1) * np.pi / 6), atol=1e-6)
            and made.keys().isdisjoint({"day", "day: month", "day: day"})
            and "day: weekday" in made
        ),
    ),
    "extract pca": Case(
        {"numbers": {"scale": "standard"}, "extract": {"pca": {"components": 2}}},
        lambda _, made, __: (
            abs(np.corrcoef(made["component 1"], made["component 2"])[0, 1]) < 1e-3 and "amount" not in made
        ),
    ),
    "extract svd": Case(
        {"extract": {"svd": {"components": 2, "keep": True}}},
        lambda raw, made, _: np.corrcoef(made["component 1"], raw["day"])[0, 1] > 0.99 and "amount" in made,
    ),
    "extract polynomial": Case(
        {"rules": [{"columns": ["day*"], "bins": "quantile"}], "extract": {"polynomial": {"degree": 2}}},
        lambda raw, made, _: (
            np.allclose(made["amount * size"], raw["amount"] * raw["size"], rtol=1e-5)
            and np.array_equal(np.isnan(made["size * gap"]), raw["gap"].isna())
        ),
    ),
    "select variance": Case(
        {"numbers": {"scale": "min_max"}, "select": {"method": "variance", "above": 0.05}},
        lambda _, made, __: "gap" in made and "amount" not in made,
    ),
    "select correlation": Case(
        {"derived": {"differences": [["amount", "size"]]}, "select": "correlation"},
        lambda _, made, __: "amount" in made and "amount - size" not in made,
    ),
    "select k_best": Case(
        {"select": {"method": "k_best", "k": 3}},
        lambda _, made, __: len(made) == 3 and "size" in made,
        TARGETED,
    ),
    "select k_best mutual_information": Case(
        {"select": {"method": "k_best", "k": 4, "score": "mutual_information"}},
        lambda _, made, __: len(made) == 4 and "amount" in made,
        TARGETED,
    ),
    "select model": Case(
        {"select": {"method": "model", "k": 4}},
        lambda _, made, __: len(made) == 4 and {"amount", "size"} <= made.keys(),
        TARGETED,
    ),
}


def _first(made: Made, column: str) -> NDArray[np.float32]:
    return next(values for name, values in made.items() if name.startswith(column))
