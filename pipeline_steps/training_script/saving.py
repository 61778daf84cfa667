"""The end of a training script: its graph becomes an artifact, once it gives what the fitted model gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Features
from pipeline_steps.algorithms.trained_artifact import rows_to_compare, write_trained
from pipeline_steps.algorithms.training import measured
from pipeline_steps.algorithms.trial import Fit
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.artifact.writing import with_gaps
from pipeline_steps.problems.problem import Outputs
from pipeline_steps.training_script.running import ScriptError
from pipeline_steps.training_script.training_data import TrainingData

Predict = Callable[[Features], Any]
"""The fitted model: of float32 [rows, columns] an array or a list, one entry a row."""


class ExportedModel:
    """A script's graph, as it will be served."""

    best_iteration: int | None = None

    def __init__(self, graph: bytes, output: str) -> None:
        self._graph, self._scorer = graph, Scorer(graph, output)

    def predict(self, features: Features) -> Outputs:
        """Score with the graph."""
        return self._scorer.score(features)

    def graph(self) -> bytes:
        """Give the graph as it is."""
        return self._graph


def save(
    graph: bytes | Path, data: TrainingData, *, predict: Predict | None = None, predictions: Any | None = None
) -> None:
    """Write the artifact, and print the metrics.

    Args:
        graph: ONNX, or a file of it: `features`, float32 [rows, columns], to the output that `data.output` names.
        data: what `read_training_data` gave.
        predict: the fitted model. The graph is compared with it on the validation rows, and on rows like these with
            missing values.
        predictions: instead, the fitted model's outputs for the validation rows.

    Raises:
        ScriptError: the graph is none, or gives no output where it must.
        ParityError: it does not give what the fitted model gives.
    """
    if (predict is None) == (predictions is None):
        raise ScriptError("save must be given predict or predictions, one of the two")
    model = ExportedModel(graph.read_bytes() if isinstance(graph, Path) else bytes(graph), data.output)
    _require_outputs(model, data)
    trained = measured(data.trial, Fit(data.columns, model, data.splits["train"]), data.splits["validation"])
    rows = trained.validation_features if predict is None else rows_to_compare(trained)
    fitted = _array(predictions if predict is None else predict(rows))
    write_trained(data.model_folder, trained, rows=rows, fitted=fitted, log=data.trial.log)


def _require_outputs(model: ExportedModel, data: TrainingData) -> None:
    """See that the graph gives outputs of the problem, also where values are missing: requests may lack any."""
    features = data.validation.features
    problem, classes = data.trial.problem, data.classes
    for rows, where in ((features, "of the validation split"), (with_gaps(features), "with a missing value each")):
        if errors := problem.output_errors(model.predict(rows), classes, len(rows)):
            raise ScriptError(f"{errors[0]}; the rows are those {where}")


def _array(outputs: Any) -> NDArray[np.float32]:
    """Give outputs as an array, a framework's tensor too."""
    return np.asarray(outputs, dtype=np.float32)
