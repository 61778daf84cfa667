"""How well one column alone predicts the target: near 1 it is the target in other words."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.features.ngrams import Ngrams
from pipeline_steps.problems.problem import Likelihood
from pipeline_steps.tables.use_case import NUMBERS, Column

_BINS = 32
_FEWEST_ROWS = 30
_MOST_ROWS = 50_000

_Codes = NDArray[np.int64]
_Target = NDArray[np.float64]

_WORDS = Ngrams(256, "words", 1, 1, fold_case=True, characters=2000)
_SCORE = Column("score", "number")

LEAKING: Mapping[Likelihood, tuple[str, float]] = {
    "bernoulli": ("AUC", 0.99),
    "categorical": ("accuracy above the most frequent label's", 0.98),
    "normal": ("share of the variance, in value or rank,", 0.98),
}
"""What is measured on rows that the column was not fitted on, and from where on it is near 1."""


def score_alone(
    column: Column, train: pd.DataFrame, held_out: pd.DataFrame, target: str, likelihood: Likelihood
) -> float:
    """Fit one number or label to each bin of the column, and measure it on `held_out`; 0 for too few rows."""
    train, held_out = (table[[column.name, target]].iloc[:_MOST_ROWS] for table in (train, held_out))
    if likelihood not in LEAKING or len(held_out) < _FEWEST_ROWS or len(train) < _FEWEST_ROWS:
        return 0.0
    fitted, measured = (table[target].to_numpy(dtype=np.float64) for table in (train, held_out))
    pair = train[column.name], held_out[column.name]
    if column.kind == "text":
        scores = _word_scores(pair[0].tolist(), pair[1].tolist(), fitted, likelihood)
        if likelihood == "categorical":
            return _skill(scores[0].argmax(axis=1), fitted, scores[1].argmax(axis=1), measured)
        column, pair = _SCORE, (pd.Series(scores[0][:, 0]), pd.Series(scores[1][:, 0]))
    codes, found = _codes(column, *pair)
    if likelihood == "categorical":
        return _skill(codes, fitted, found, measured)
    means = _means(codes, fitted)[found]
    if likelihood == "bernoulli":
        return _auc(measured == 1, means)
    ranks, measured_ranks = _ranks(fitted, fitted), _ranks(fitted, measured)
    return max(_explained(measured, means), _explained(measured_ranks, _means(codes, ranks)[found]))


def _word_scores(
    train: Sequence[str], held_out: Sequence[str], target: _Target, likelihood: Likelihood
) -> tuple[_Target, _Target]:
    """Score texts by a ridge regression of their words: [rows, 1], or a column for each class."""
    counts, found = (_WORDS.counts(texts).astype(np.float64) for texts in (train, held_out))
    wanted = np.eye(int(target.max()) + 1)[target.astype(np.int64)] if likelihood == "categorical" else target[:, None]
    kept = counts.T @ counts + np.eye(counts.shape[1])
    weights = np.linalg.solve(kept, counts.T @ (wanted - wanted.mean(axis=0)))
    return counts @ weights, found @ weights


def _codes(column: Column, train: "pd.Series[float]", held_out: "pd.Series[float]") -> tuple[_Codes, _Codes]:
    """Bins from 0 on for both; the last one is for what training has not."""
    if column.kind in NUMBERS:
        known = train.dropna().to_numpy(dtype=np.float64)
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if len(known) else np.empty(0)
        pair = [np.searchsorted(edges, values.to_numpy(dtype=np.float64), side="right") for values in (train, held_out)]
        missing = [values.isna().to_numpy() for values in (train, held_out)]
        return tuple(np.where(gone, len(edges) + 1, place) for gone, place in zip(missing, pair, strict=True))  # type: ignore[return-value]  # two
    codes, texts = pd.factorize(train)
    places = pd.Index(texts).get_indexer(pd.Index(held_out))
    return codes.astype(np.int64), np.where(places < 0, len(texts), places)


def _ranks(fitted: _Target, target: _Target) -> _Target:
    """Ranks among the fitted rows: a bin of a skewed target's largest values has a wide range, but few ranks."""
    return np.searchsorted(np.sort(fitted), target).astype(np.float64)


def _means(codes: _Codes, target: _Target) -> _Target:
    width = int(codes.max(initial=0)) + 2
    rows = np.bincount(codes, minlength=width)
    sums = np.bincount(codes, weights=target, minlength=width)
    means: _Target = (sums + target.mean()) / (rows + 1)
    return means


def _auc(positive: NDArray[np.bool_], scores: _Target) -> float:
    negatives, positives = int((~positive).sum()), int(positive.sum())
    if not negatives or not positives:
        return 0.0
    ranks = pd.Series(scores).rank().to_numpy()
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _skill(codes: _Codes, target: _Target, found: _Codes, measured: _Target) -> float:
    width, classes = int(codes.max(initial=0)) + 2, int(target.max(initial=0)) + 1
    counts = np.bincount(codes * classes + target.astype(np.int64), minlength=width * classes).reshape(width, classes)
    usual = int(counts.sum(axis=0).argmax())
    labels = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), usual)
    by_chance = float((measured == usual).mean())
    right = float((labels[found] == measured).mean())
    return (right - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def _explained(measured: _Target, means: _Target) -> float:
    spread = float(((measured - measured.mean()) ** 2).sum())
    return 1 - float(((measured - means) ** 2).sum()) / spread if spread > 0 else 0.0
