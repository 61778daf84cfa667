"""From two splits to a fitted model, its contract and its metrics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_steps.algorithms.algorithm import Algorithm, Features, FittedModel, Rows, Task
from pipeline_steps.algorithms.hyperparameters import Hyperparameters
from pipeline_steps.algorithms.registry import REGISTRY, algorithm_named
from pipeline_steps.artifact.contract import Contract, encode_table
from pipeline_steps.errors import ArgumentError
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn
from pipeline_steps.features.fit import fit_columns
from pipeline_steps.problems.problem import Outputs
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import UseCase


@dataclass(frozen=True)
class TrainedModel:
    """A fitted model with everything that its artifact holds about it."""

    model: FittedModel
    contract: Contract
    hyperparameters: Hyperparameters
    train_metrics: Mapping[str, float]
    validation_metrics: Mapping[str, float]
    validation_features: Features
    validation_outputs: Outputs

    def metrics_document(self) -> dict[str, Any]:
        """The content of `metrics.json`."""
        return {
            "train": self.train_metrics,
            "validation": self.validation_metrics,
            "hyperparameters": self.hyperparameters.to_document(),
            "best_iteration": self.model.best_iteration,
        }

    def log_line(self) -> str:
        """The line that a training job's metric definitions read: every metric of both splits."""
        splits = {"train": self.train_metrics, "validation": self.validation_metrics}
        return " ".join(
            f"{split}:{name}={value:.6f};" for split, found in splits.items() for name, value in found.items()
        )


def train_model(
    use_case: UseCase,
    train: Split,
    validation: Split,
    hyperparameters: Hyperparameters,
    *,
    log: Callable[[str], None],
    checkpoints: Path | None = None,
) -> TrainedModel:
    """Fit on `train`; `validation` decides when to stop, and how outputs become labels.

    `checkpoints` is a folder that outlives an interrupted job, for algorithms that take long enough to use it.
    """
    problem, algorithm = problem_named(use_case.problem), _algorithm(hyperparameters, use_case)
    columns = fit_columns(use_case, train.features, problem.category_order(train.target))
    fitted, held_out = (Rows(encode_table(columns, split.features), split.target) for split in (train, validation))
    task = Task(
        likelihood=problem.likelihood,
        classes=len(use_case.classes),
        names=tuple(column.name for column in columns),
        is_category=tuple(isinstance(column, CategoryColumn) for column in columns),
        output=problem.output,
        seed=hyperparameters.values["seed"],
    )
    model = algorithm.fit(task, fitted, held_out, hyperparameters.values, log=log, checkpoints=checkpoints)
    compared = [_compared(use_case, columns, *both) for both in ((train, fitted), (validation, held_out))]
    in_training, outputs = (model.predict(rows.features) for rows in compared)
    decision = problem.choose_decision(compared[1].target, outputs, use_case)
    return TrainedModel(
        model=model,
        contract=Contract(
            columns=columns,
            problem_name=use_case.problem,
            target=use_case.target,
            positive_label=use_case.positive_label,
            classes=use_case.classes,
            decision=decision,
            output=problem.meaning(use_case),
            algorithm=hyperparameters.algorithm,
        ),
        hyperparameters=hyperparameters,
        train_metrics=problem.measure(compared[0].target, in_training, decision, use_case),
        validation_metrics=problem.measure(compared[1].target, outputs, decision, use_case),
        validation_features=held_out.features,
        validation_outputs=outputs if compared[1] is held_out else model.predict(held_out.features),
    )


def _compared(use_case: UseCase, columns: tuple[FeatureColumn, ...], split: Split, rows: Rows) -> Rows:
    """The rows that the model is measured on; every model of a use case is on the same ones."""
    problem = problem_named(use_case.problem)
    features, target = problem.comparison_rows(split.features, split.target, use_case, seed=0)
    return rows if features is split.features else Rows(encode_table(columns, features), target)


def _algorithm(hyperparameters: Hyperparameters, use_case: UseCase) -> Algorithm:
    """Import the algorithm.

    Raises:
        ArgumentError: it does not solve the problem.
    """
    name, problems = hyperparameters.algorithm, REGISTRY[hyperparameters.algorithm].problems
    if use_case.problem not in problems:
        solving = ", ".join(other for other, entry in REGISTRY.items() if use_case.problem in entry.problems)
        raise ArgumentError(f"hyperparameter algorithm must be one of {solving} for {use_case.problem}, got {name}")
    return algorithm_named(name)
