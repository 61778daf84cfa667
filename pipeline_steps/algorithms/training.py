"""From two splits to a fitted model, its contract and its metrics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_steps.algorithms.algorithm import Features, FittedModel, Rows, Task
from pipeline_steps.algorithms.hyperparameters import Hyperparameters
from pipeline_steps.artifact.contract import Contract, encode_table
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
    problem = problem_named(use_case.problem)
    columns = fit_columns(use_case, train.features, problem.category_order(train.target))
    fitted, held_out = (Rows(encode_table(columns, split.features), split.target) for split in (train, validation))
    task = Task(
        likelihood=problem.likelihood,
        classes=len(use_case.classes),
        is_category=tuple(isinstance(column, CategoryColumn) for column in columns),
        output=problem.output,
        seed=hyperparameters.values["seed"],
    )
    model = _fit(columns, task, fitted, held_out, hyperparameters, log=log, checkpoints=checkpoints)
    outputs = model.predict(held_out.features)
    decision = problem.choose_decision(validation.target, outputs, use_case)
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
        train_metrics=problem.measure(train.target, model.predict(fitted.features), decision, use_case),
        validation_metrics=problem.measure(validation.target, outputs, decision, use_case),
        validation_features=held_out.features,
        validation_outputs=outputs,
    )


def _fit(
    columns: tuple[FeatureColumn, ...],
    task: Task,
    train: Rows,
    validation: Rows,
    hyperparameters: Hyperparameters,
    *,
    log: Callable[[str], None],
    checkpoints: Path | None,
) -> FittedModel:
    # importing one algorithm's library takes longer than fitting another's model
    positive, held_out = train.target == 1, validation.target == 1
    if hyperparameters.algorithm == "linear":
        from pipeline_steps.algorithms.linear.fit import fit_logistic  # noqa: PLC0415

        return fit_logistic(columns, train.features, positive, seed=task.seed)
    from pipeline_steps.algorithms.xgboost.fit import fit_boosted_trees  # noqa: PLC0415

    return fit_boosted_trees(
        (train.features, positive),
        (validation.features, held_out),
        hyperparameters.values,
        log=log,
        checkpoints=checkpoints,
    )
