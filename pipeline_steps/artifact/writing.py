"""The model artifact, and the gate it must pass: the graph must score as the fitted model does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.documents import write_json
from pipeline_steps.errors import StepError
from pipeline_steps.problems.problem import Outputs


class ParityError(StepError):
    """The exported graph does not score as the fitted model does."""


def with_gaps(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows like these with one value missing in each, every column in turn: requests may lack other values."""
    rows, columns = features.shape
    made = np.resize(features, (max(rows, columns), columns))
    made[np.arange(len(made)), np.arange(len(made)) % columns] = np.nan
    return made


def check_parity(contract: Contract, graph: bytes, features: NDArray[np.float32], fitted: Outputs) -> float:
    """Compare the graph's outputs with the fitted model's, row by row.

    Returns:
        The largest difference found.

    Raises:
        ParityError: an output differs by more than the problem allows, or a label flips.
    """
    problem, exported = contract.problem, Scorer(graph, contract.problem.output).score(features)
    if exported.shape != fitted.shape:
        raise ParityError(f"the exported graph must give outputs of shape {fitted.shape}, got {exported.shape}")
    difference, allowed = problem.largest_difference(exported, fitted)
    labels, expected = (problem.labels(outputs, contract.decision) for outputs in (exported, fitted))
    flipped = int((labels != expected).sum()) if np.issubdtype(labels.dtype, np.integer) else 0
    if not difference <= allowed or flipped:  # so that NaN counts
        raise ParityError(
            f"the exported graph must give every row what the fitted model gives, within {allowed:g}, and flip no "
            f"label, got a largest difference of {difference:.3g} and {flipped} of {len(fitted)} labels flipped"
        )
    return difference


def write_artifact(
    folder: Path, *, graph: bytes, contract: Contract, baseline: Mapping[str, Any], metrics: Mapping[str, Any]
) -> None:
    """Write the four files of a model artifact to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(graph)
    write_json(folder / "contract.json", contract.to_document())
    write_json(folder / "baseline.json", baseline)
    write_json(folder / "metrics.json", metrics)
