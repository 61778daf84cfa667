"""The artifact of a trained model, written when the exported graph agrees with the fitted model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline_steps.algorithms.algorithm import Features
from pipeline_steps.algorithms.training import TrainedModel
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.artifact.writing import check_parity, with_gaps, write_artifact
from pipeline_steps.baseline.distribution import training_distribution
from pipeline_steps.baseline.held_out import with_held_out
from pipeline_steps.baseline.training_rows import sketch_of
from pipeline_steps.problems.problem import Outputs


def rows_to_compare(trained: TrainedModel) -> Features:
    """Give the validation rows, and rows like these with missing values."""
    return np.concatenate([trained.validation_features, with_gaps(trained.validation_features)])


def write_trained(
    folder: Path, trained: TrainedModel, *, rows: Features, fitted: Outputs, log: Callable[[str], None]
) -> None:
    """Write the artifact, and print the line of metrics.

    Args:
        folder: where the files go.
        trained: the model, with what its artifact holds about it.
        rows: encoded rows.
        fitted: the fitted model's outputs for `rows`, which the exported graph must give.
        log: prints a line.

    Raises:
        ParityError: it does not give them.
    """
    graph, contract, problem = trained.model.graph(), trained.contract, trained.contract.problem
    difference = check_parity(contract, graph, rows, fitted)
    log(f"exported graph agrees with the fitted model on {len(rows)} rows, largest difference {difference:.2g}")
    predict = Scorer(graph, problem.output).score  # as the server will, and much faster than scikit-learn
    # of rows that the model was fitted on, its own outputs are better than they will be
    outputs = trained.validation_outputs if trained.folds else predict(trained.validation_features)
    baseline = with_held_out(
        training_distribution(contract.columns, trained.fitted.features, problem.headline(outputs)),
        contract,
        predict=predict,
        features=trained.validation_features,
        outputs=outputs,
        target=trained.validation.target,
    )
    seen = sketch_of(contract.encode(trained.fitted.features), trained.fitted.target)
    metrics = {**trained.metrics_document(), "training_rows": seen}
    write_artifact(folder, graph=graph, contract=contract, baseline=baseline, metrics=metrics)
    log(trained.log_line())
