"""One fit: columns learnt from rows, and a model of the same rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline_steps.algorithms.algorithm import Algorithm, Features, FittedModel, Rows
from pipeline_steps.algorithms.coefficients import HasCoefficients, coefficients_document
from pipeline_steps.algorithms.hyperparameters import Hyperparameters
from pipeline_steps.algorithms.preprocessing import Preprocessing, fit_preprocessing
from pipeline_steps.algorithms.registry import REGISTRY, algorithm_named
from pipeline_steps.artifact.contract import encode_table
from pipeline_steps.errors import ArgumentError
from pipeline_steps.features.columns import FeatureColumn
from pipeline_steps.features.fit import fit_columns
from pipeline_steps.problems.problem import Decision, Outputs, Problem
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import UseCase


class PreparedModel:
    """A model of the matrix, behind the nodes that make it of encoded rows."""

    def __init__(self, prepared: Preprocessing, model: FittedModel) -> None:
        self.prepared, self._model = prepared, model
        self.best_iteration = model.best_iteration

    def predict(self, features: Features) -> Outputs:
        """Give the outputs of encoded rows."""
        return self._model.predict(self.prepared.matrix(features))

    def graph(self) -> bytes:
        """Write the nodes and the model as one ONNX graph."""
        return self.prepared.prepend(self._model.graph())

    def coefficients(self, columns: tuple[FeatureColumn, ...], use_case: UseCase) -> dict[str, Any] | None:
        """Describe the coefficients, where the model is linear."""
        if not isinstance(self._model, HasCoefficients):
            return None
        return coefficients_document(self._model.coefficients(), self.prepared.names, columns, use_case)


@dataclass(frozen=True)
class Fit:
    """Columns and a model, of rows that it was fitted on, and what the recipe made of them, where there is one."""

    columns: tuple[FeatureColumn, ...]
    model: FittedModel
    rows: Split
    features: Mapping[str, Any] | None = None

    def encode(self, rows: Split) -> Features:
        """Give the model's input for rows of a table."""
        return encode_table(self.columns, rows.features)

    def outputs(self, rows: Split) -> Outputs:
        """Give the model's outputs for rows of a table."""
        return self.model.predict(self.encode(rows))

    def coefficients(self, use_case: UseCase) -> dict[str, Any] | None:
        """Describe the coefficients, where the model is linear."""
        return self.model.coefficients(self.columns, use_case) if isinstance(self.model, PreparedModel) else None


@dataclass(frozen=True)
class Trial:
    """What one set of hyperparameters is fitted with.

    Attributes:
        checkpoints: a folder that outlives an interrupted job, for algorithms that take long enough to use it.
    """

    use_case: UseCase
    hyperparameters: Hyperparameters
    log: Callable[[str], None]
    checkpoints: Path | None = None

    @property
    def problem(self) -> Problem:
        return problem_named(self.use_case.problem)

    @property
    def seed(self) -> int:
        seed: int = self.hyperparameters.values["seed"]
        return seed

    def compared(self, rows: Split) -> Split:
        """The rows on which every model is measured: these, and where the problem has no target, others beside."""
        return Split(*self.problem.comparison_rows(rows.features, rows.target, self.use_case, seed=0))

    def measure(self, rows: Split, outputs: Outputs, decision: Decision) -> dict[str, float]:
        """Measure every metric on compared rows."""
        return self.problem.measure(rows.target, outputs, decision, self.use_case)

    def fit(self, train: Split, held_out: Split | None, *, rounds: int | None = None, name: str = "") -> Fit:
        """Fit on `train`; `held_out` decides when to stop, or without them `rounds` does.

        Everything that is learnt is learnt here, the order of categories included. Lines of the log begin with `name`.
        """
        order = self.problem.category_order(train.target)
        columns = fit_columns(self.use_case, train.features, order)
        encoded = encode_table(columns, train.features)
        prepared = fit_preprocessing(self.use_case, self.problem, columns, encoded, train.target, seed=self.seed)
        if prepared.recipe:
            self.log(name + prepared.recipe.log_line)
        values, limit = prepared.values(self.hyperparameters.values), REGISTRY[self.hyperparameters.algorithm].rounds
        if rounds is not None and limit is not None:
            values[limit] = rounds
        model = self._algorithm.fit(
            prepared.task(self.problem, self.use_case, seed=self.seed),
            prepared.training(encoded, train.target),
            None if held_out is None else self._held_out(columns, prepared, held_out),
            values,
            log=lambda line: self.log(name + line),
            checkpoints=self.checkpoints,
        )
        features = prepared.recipe.to_document() if prepared.recipe else None
        return Fit(columns, PreparedModel(prepared, model), train, features)

    @staticmethod
    def _held_out(columns: tuple[FeatureColumn, ...], prepared: Preprocessing, rows: Split) -> Rows:
        return Rows(prepared.matrix(encode_table(columns, rows.features)), rows.target)

    @cached_property
    def _algorithm(self) -> Algorithm:
        name, problem = self.hyperparameters.algorithm, self.use_case.problem
        if problem not in REGISTRY[name].problems:
            solving = ", ".join(other for other, entry in REGISTRY.items() if problem in entry.problems)
            raise ArgumentError(f"hyperparameter algorithm must be one of {solving} for {problem}, got {name}")
        return algorithm_named(name)
