"""Quality of the predictions whose outcome is known."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.monitoring.capture_format import NO_RECORD
from pipeline_steps.monitoring.capture_records import CaptureRecord
from pipeline_steps.monitoring.captured_rows import CapturedRows
from pipeline_steps.monitoring.constraints import Violation
from pipeline_steps.monitoring.ground_truth import TruthReader
from pipeline_steps.monitoring.monitoring_options import QualityLimits
from pipeline_steps.problems.problem import Problem
from pipeline_steps.problems.quality import Labelled

_DEVIATIONS = 3.0


def truth_reader(contract: Contract) -> TruthReader:
    """Read outcomes as this model's problem does."""

    def read(text: str) -> float:
        if (quality := contract.problem.quality) is None:
            raise ValueError(f"{contract.problem_name} has no outcome, got {text}")
        return quality.read_outcome(text, contract.classes)

    return TruthReader(contract.positive_label, read)


def outcomes_by_row(
    records: Sequence[CaptureRecord], outcomes: Mapping[str, Sequence[float]], reader: TruthReader
) -> NDArray[np.float64]:
    """Give the outcome of each row of `records`, joined by inference id; NaN where it is not known.

    A request of several rows needs an outcome for each. Where one label is positive, so is every value above 0.
    """
    truth: list[float] = []
    for record in records:
        rows = len(record.predictions)
        known = _merged(record, reader) if record.truth else outcomes.get(record.identifier, ())
        truth += known if len(known) == rows else [math.nan] * rows
    found = np.array(truth, dtype=np.float64)
    return found if reader.positive_label is None else np.where(np.isnan(found), found, found > 0)


def labelled_rows(contract: Contract, rows: CapturedRows, truth: NDArray[np.float64]) -> Labelled:
    """Choose the rows whose outcome is known."""
    known = ~np.isnan(truth) & ~np.isnan(rows.labels)
    return Labelled(truth[known], rows.scores[known], rows.labels[known], contract.classes)


def quality_violations(
    problem: Problem,
    labelled: Labelled,
    measured: Mapping[str, Any],
    trained: Mapping[str, float],
    limits: QualityLimits,
) -> list[Violation] | None:
    """Report metrics that are worse than validation's by more than `limits` allow, and by more than chance explains.

    Returns:
        None where nothing was evaluated: outcomes are too few, or no metric has one of validation's beside it.
    """
    compared = [name for name in measured if name in trained and limits.of(name, problem, trained) is not None]
    if not compared or problem.quality is None or not problem.quality.enough(labelled):
        return None
    found = []
    for name in compared:
        limit, less_is_better = limits.of(name, problem, trained), problem.metrics[name] == "minimize"
        value, error = measured[name]["value"], float(measured[name]["standard_deviation"])
        beyond = (value - (limit or 0.0)) * (1 if less_is_better else -1)
        if beyond > _DEVIATIONS * error:
            check = "GreaterThanThreshold" if less_is_better else "LessThanThreshold"
            description = f"Metric {name} with {value:.4f} +/- {error:.4f} was {check} '{limit:.4f}'"
            found.append({"metric_name": name, "constraint_check_type": check, "description": description})
    return found


def _merged(record: CaptureRecord, reader: TruthReader) -> Sequence[float]:
    try:
        return reader.labels(record.truth or {})
    except NO_RECORD:
        return ()
