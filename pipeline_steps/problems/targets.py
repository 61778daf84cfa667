"""What is doubtful about a target, and the order of its labels."""

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline_steps.problems.problem import Target
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.use_case import UseCase

_FEW_ROWS = 100
_RARE_ROWS = 10
_SMALL_SHARE = 0.05
_MANY_LABELS = 50
_LARGEST_ANOMALOUS_SHARE = 0.2


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Sort labels: by their number where all are numbers, else as text."""
    listed = list(labels)
    try:
        return tuple(sorted(listed, key=lambda label: (float(label), label)))
    except ValueError:
        return tuple(sorted(listed))


def rare_label_warnings(target: Target, classes: Sequence[str], use_case: UseCase) -> list[str]:
    """Warn about a target of 0 and 1 where one of both is rare."""
    place = int(target.mean() > 0.5) ^ 1
    rows = int((target == place).sum())
    share, found = rows / len(target), []
    if rows < _FEW_ROWS:
        found.append(
            f"target {use_case.target} has {quoted(classes[place])} in {rows} rows alone: metrics have wide intervals;"
            f" bring rows until there are at least {_FEW_ROWS}, or set folds"
        )
    if share < _SMALL_SHARE:
        found.append(
            f"target {use_case.target} has {quoted(classes[place])} in {share:.2g} of the rows: a model that never says"
            f" it is right in {1 - share:.4g}; do not compare by accuracy but by average_precision, and give [value]"
        )
    return found


def frequent_anomaly_warnings(target: Target, classes: Sequence[str], use_case: UseCase) -> list[str]:
    """Warn about labels that are no exception."""
    if (share := float(target.mean())) <= _LARGEST_ANOMALOUS_SHARE:
        return []
    found = (
        f"target {use_case.target} is {quoted(classes[1])} in {share:.2g} of the rows: anomalies are rows unlike most"
        ' others; with as many, choose problem = "binary", which learns from the labels'
    )
    return [found]


def class_warnings(target: Target, classes: Sequence[str], use_case: UseCase) -> list[str]:
    """Warn about labels of which some are rare, many, or nearly all rows."""
    counts = np.bincount(target.astype(np.int64), minlength=len(classes))
    found = []
    if rare := [
        f"{quoted(classes[place])} ({counts[place]})" for place in np.flatnonzero(counts < _RARE_ROWS).tolist()
    ]:
        more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
        found.append(
            f"target {use_case.target} has labels of fewer than {_RARE_ROWS} rows: {', '.join(rare[:5])}{more};"
            " a split may lack them, so that they are neither learned nor measured: bring rows, or merge labels"
        )
    if (share := counts.max() / len(target)) > 1 - _SMALL_SHARE:
        found.append(
            f"target {use_case.target} is {quoted(classes[int(counts.argmax())])} in {share:.4g} of the rows:"
            " do not compare by accuracy but by f1_macro or balanced_accuracy, and give [value]"
        )
    if len(classes) > _MANY_LABELS:
        found.append(
            f"target {use_case.target} has {len(classes)} labels: every one needs rows of its own; merge labels, or"
            ' choose problem = "regression" if they are amounts'
        )
    return found
