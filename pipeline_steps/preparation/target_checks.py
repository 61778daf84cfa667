"""What is doubtful about a target that can be read."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.preparation.suggested_problem import shape_of
from pipeline_steps.preparation.table_finding import TableFinding, percent
from pipeline_steps.preparation.target_shape import are_counts
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.use_case import UseCase

_FEW_ROWS, _RARE_ROWS = 100, 10
_SMALL_SHARE, _LARGEST_ANOMALOUS_SHARE = 0.05, 0.2
_MANY_LABELS, _FEW_NUMBERS = 50, 10
_NAMED = 5
_OUTLYING_SHARE = 0.01
_ROBUST = frozenset({"mae", "median_absolute_error", "mape"})

_POISSON = 'family = "poisson" in [tuning.linear.fixed], and likewise of xgboost and lightgbm'

_Target = NDArray[np.float64]
_Checks = Iterator[tuple[str, str]]


def target_findings(target: _Target, use_case: UseCase) -> Iterator[TableFinding]:
    """Check the target's labels or numbers; what is found names the check and says what to do."""
    checks = {"bernoulli": _two_labels, "categorical": _labels, "normal": _numbers, "none": _anomalies}
    for check, what in checks[problem_named(use_case.problem).likelihood](target, use_case):
        yield TableFinding(check, f"target {use_case.target} {what}", use_case.target)


def _two_labels(target: _Target, use_case: UseCase) -> _Checks:
    counts = np.bincount(target.astype(np.int64), minlength=2)
    rarer = int(counts.argmin())
    label, rows, share = quoted(use_case.classes[rarer]), int(counts[rarer]), counts[rarer] / len(target)
    if rows < _FEW_ROWS:
        yield (
            "few_of_a_label",
            f"is {label} in {counted(rows, 'row')} only: metrics have wide intervals; more such rows help most",
        )
    if share < _SMALL_SHARE and (advice := _advice(use_case, "average_precision")):
        yield "imbalanced", f"is {label} in {percent(share)} of the rows: accuracy says little; {advice}"


def _advice(use_case: UseCase, *metrics: str) -> str:
    """What the settings do not have yet."""
    compared = [f'compare by [gate] metric = "{metrics[0]}"'] if use_case.metric not in metrics else []
    return ", and ".join([*compared, *(["give [value]"] if use_case.value is None else [])])


def _labels(target: _Target, use_case: UseCase) -> _Checks:
    if shape_of(dict(Counter(use_case.classes[int(place)] for place in target))) == "counts":
        yield "counts", f'has counts: problem = "regression" knows their order; {_POISSON} fits them'
    counts = np.bincount(target.astype(np.int64), minlength=len(use_case.classes))
    if rare := [
        f"{quoted(use_case.classes[place])} ({counts[place]})" for place in np.flatnonzero(counts < _RARE_ROWS)
    ]:
        more = f" and {len(rare) - _NAMED} more" if len(rare) > _NAMED else ""
        yield (
            "few_of_a_label",
            (
                f"has labels of fewer than {_RARE_ROWS} rows, {', '.join(rare[:_NAMED])}{more}: they are hardly "
                "learned, and a split may lack them; bring rows, or merge labels"
            ),
        )
    share = counts.max() / len(target)
    if share > 1 - _SMALL_SHARE and (advice := _advice(use_case, "f1_macro", "balanced_accuracy")):
        label = quoted(use_case.classes[int(counts.argmax())])
        yield "imbalanced", f"is {label} in {percent(share)} of the rows: accuracy says little; {advice}"
    if len(counts) > _MANY_LABELS:
        yield (
            "many_labels",
            f'has {len(counts)} labels: merge them, or use problem = "regression" if they are amounts',
        )


def _numbers(target: _Target, use_case: UseCase) -> _Checks:
    values, counts = np.unique(target, return_counts=True)
    if len(values) <= _FEW_NUMBERS and not are_counts(target):
        yield "few_numbers", f'has {len(values)} different numbers: if they are labels, use problem = "multiclass"'
        return
    fits_others = values[0] < 0 or use_case.fits_counts
    positive = "" if fits_others else f", or fit amounts and counts by {_POISSON}"
    number, share = values[counts.argmax()], counts.max() / len(target)
    if share > 1 / 2 and not (number == 0 and use_case.fits_counts and _has_usual_zeros(target)):
        yield (
            "one_number",
            f"is {number:g} in {percent(share)} of the rows: predict first whether it is, as a binary problem"
            + (positive if number == 0 else ""),
        )
    squared = np.sort((target - np.median(target)) ** 2)[::-1]
    few = max(1, int(len(target) * _OUTLYING_SHARE))
    if squared[:few].sum() > squared.sum() / 2 and use_case.metric not in _ROBUST:
        yield (
            "outliers",
            f'has {few} rows that make more than half of its variance: compare by [gate] metric = "mae"{positive}',
        )


def _has_usual_zeros(target: _Target) -> bool:
    """Whether they are counts, with no more zeros than a geometric distribution of their mean has."""
    return are_counts(target) and bool((target == 0).mean() <= 1 / (1 + target.mean()))


def _anomalies(target: _Target, use_case: UseCase) -> _Checks:
    if use_case.classes and (share := float(target.mean())) > _LARGEST_ANOMALOUS_SHARE:
        yield (
            "many_anomalies",
            (
                f"is {quoted(use_case.classes[-1])} in {percent(share)} of the rows: with so many, "
                'problem = "binary" learns from the labels'
            ),
        )
