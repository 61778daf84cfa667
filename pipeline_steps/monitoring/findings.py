"""The findings of one period of an endpoint, and their summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline_steps.baseline.baseline import FEWEST_ROWS
from pipeline_steps.monitoring.bias import Bias, not_evaluated
from pipeline_steps.monitoring.constraints import Violation
from pipeline_steps.rounding import counted


@dataclass(frozen=True)
class Findings:
    """`documents` are the reports by file name; `drift` is empty where there are too few rows.

    `worse` counts the quality metrics below their limit, None where none was evaluated; `only` says what was examined.
    """

    documents: Mapping[str, Mapping[str, Any]]
    violations: Sequence[Violation]
    drift: Mapping[str, float]
    rows: int
    labelled: int
    quality: Mapping[str, Any]
    worse: int | None
    left_out: int
    malformed: int = 0
    bias: Sequence[Bias] = ()
    ndcg: float | None = None
    only: str | None = None
    published_quality: Mapping[str, str] = field(default_factory=dict)
    """CloudWatch's names of quality metrics, and the names that they have in `quality`."""

    @property
    def message(self) -> str:
        """The line by which SageMaker distinguishes Completed from CompletedWithViolations."""
        seen = (
            f"{counted(self.rows, 'row')}, {self.labelled} with an outcome, {counted(self.left_out, 'record')} left out"
        )
        if self.malformed:
            seen += f", {counted(self.malformed, 'line')} without an outcome"
        if lacking := not_evaluated(self.bias):
            seen += f", bias not evaluated: {lacking}"
        if self.violations:
            first = self.violations[0]
            text = f"{first.get('feature_name') or first['metric_name']}: {first['description']}"
            return f"CompletedWithViolations: {len(self.violations)} violations in {seen}; the first: {text}"
        if self.rows < FEWEST_ROWS:
            return f"Completed: no violation in {seen}; too few rows to evaluate drift."
        return f"Completed: no violation in {seen}."
