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

MAX_SCORE_DIFFERENCE = 1e-5


class ParityError(StepError):
    """The exported graph does not score as the fitted model does."""


def with_gaps(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows like these with one value missing in each, every column in turn: requests may lack other values."""
    rows, columns = features.shape
    made = np.resize(features, (max(rows, columns), columns))
    made[np.arange(len(made)), np.arange(len(made)) % columns] = np.nan
    return made


def check_parity(
    graph: bytes, features: NDArray[np.float32], fitted: NDArray[np.float32], *, threshold: float
) -> float:
    """Compare the graph's scores with the fitted model's, row by row.

    Returns:
        The largest difference found.

    Raises:
        ParityError: a score differs by more than `MAX_SCORE_DIFFERENCE`, or a label flips.
    """
    exported = Scorer(graph).score(features)
    if exported.shape != fitted.shape:
        raise ParityError(f"the exported graph must give scores of shape {fitted.shape}, got {exported.shape}")
    differences = np.abs(exported.astype(np.float64) - fitted.astype(np.float64))
    unlike = ~(differences <= MAX_SCORE_DIFFERENCE)  # so that NaN counts
    flipped = (exported >= threshold) != (fitted >= threshold)
    if unlike.any() or flipped.any():
        raise ParityError(
            f"the exported graph must score every row within {MAX_SCORE_DIFFERENCE:g} of the fitted model "
            f"and flip no label, got {int(unlike.sum())} of {len(fitted)} rows beyond it (largest difference "
            f"{np.nanmax(differences):.3g}) and {int(flipped.sum())} labels flipped"
        )
    return float(differences.max(initial=0.0))


def write_artifact(
    folder: Path, *, graph: bytes, contract: Contract, baseline: Mapping[str, Any], metrics: Mapping[str, Any]
) -> None:
    """Write the four files of a model artifact to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(graph)
    write_json(folder / "contract.json", contract.to_document())
    write_json(folder / "baseline.json", baseline)
    write_json(folder / "metrics.json", metrics)
