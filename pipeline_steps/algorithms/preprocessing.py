"""What is done to encoded rows before an algorithm: dates into their parts, then the recipe where there is one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.features.columns import FeatureColumn
from pipeline_steps.features.layout import texts_of
from pipeline_steps.features.model_input import ModelInput
from pipeline_steps.problems.problem import Problem, Target
from pipeline_steps.tables.use_case import UseCase

if TYPE_CHECKING:  # scikit-learn takes a second, and only a recipe needs it
    from pipeline_steps.features.recipe import FittedRecipe


@dataclass(frozen=True)
class Preprocessing:
    """The nodes between a request's cells and the matrix that a model is fitted on."""

    dates: ModelInput
    recipe: "FittedRecipe | None" = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the matrix's columns."""
        return tuple(each.name for each in self.recipe.features) if self.recipe else self.dates.names

    def matrix(self, encoded: Features) -> Features:
        """Make the matrix of encoded rows."""
        matrix = self.dates.matrix(encoded)
        return self.recipe.nodes.matrix(matrix) if self.recipe else matrix

    def training(self, encoded: Features, target: Target) -> Rows:
        """Give the rows that a model is fitted on: those that the recipe was fitted on, less those that it dropped."""
        if self.recipe is None:
            return Rows(self.matrix(encoded), target)
        return Rows(self.recipe.training, target[self.recipe.kept])

    def prepend(self, graph: bytes) -> bytes:
        """Put the nodes in front of a model's graph."""
        return self.dates.prepend(self.recipe.nodes.prepend(graph) if self.recipe else graph)

    def task(self, problem: Problem, use_case: UseCase, *, seed: int) -> Task:
        """Describe what is fitted."""
        is_category, is_ready = self.dates.is_category, None
        if self.recipe:
            is_category = tuple(each.is_category for each in self.recipe.features)
            is_ready = tuple(each.is_ready for each in self.recipe.features)
        return Task(
            likelihood=problem.likelihood,
            classes=len(use_case.classes),
            names=self.names,
            is_category=is_category,
            output=problem.output,
            seed=seed,
            is_ready=is_ready,
        )

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Give hyperparameters as they hold for the matrix: directions of the table's columns are of its columns."""
        if self.recipe is None or not given.get("monotone"):
            return dict(given)
        return {**given, "monotone": self.recipe.monotone(given["monotone"])}


def fit_preprocessing(
    use_case: UseCase,
    problem: Problem,
    columns: tuple[FeatureColumn, ...],
    encoded: Features,
    target: Target,
    *,
    seed: int,
) -> Preprocessing:
    """Learn what the use case asks for, of training rows alone."""
    dates = ModelInput(columns)
    if not use_case.features and not texts_of(columns):
        return Preprocessing(dates)
    from pipeline_steps.features.method import Sample  # noqa: PLC0415 (as above)
    from pipeline_steps.features.recipe import fit_recipe  # noqa: PLC0415

    empty = np.empty((len(encoded), 0))
    sample = Sample((), empty, target, problem.likelihood, len(use_case.classes), seed)
    return Preprocessing(dates, fit_recipe(use_case.features, columns, dates, dates.matrix(encoded), sample))
