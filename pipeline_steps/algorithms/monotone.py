"""Columns whose growth must not lower, or must not raise, the output."""

from collections.abc import Mapping

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.errors import ArgumentError
from pipeline_steps.tables.cells import quoted


def constraints(task: Task, directions: Mapping[str, int]) -> list[int]:
    """Give 1, -1 or 0 for each column of the task; nothing where nothing is constrained.

    Raises:
        ArgumentError: a column is unknown or a category, or the target has several classes.
    """
    if not directions:
        return []
    if task.likelihood == "categorical":
        raise ArgumentError("hyperparameter monotone must be left out where the target has several classes")
    numbers = [name for name, category in zip(task.names, task.is_category, strict=True) if not category]
    if unknown := [name for name in directions if name not in numbers]:
        raise ArgumentError(
            f"hyperparameter monotone must name columns of numbers, got {quoted(unknown[0])}; there are "
            + ", ".join(quoted(name) for name in numbers)
        )
    return [directions.get(name, 0) for name in task.names]
