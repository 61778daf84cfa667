"""What is shown of a model of anomalies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_steps.problems.binary.pictures import draw_outcomes
from pipeline_steps.problems.binary.report import BinaryReport, precision_recall
from pipeline_steps.problems.drawing import draw_histograms
from pipeline_steps.problems.report import Losses, Predicted, measured


class AnomalyReport:
    """The score, and outcomes where anomalies are known."""

    def losses(self, predicted: Predicted) -> Losses:
        """Give whether the decision is wrong where the truth is known, else the score: how unusual a row is."""
        if np.isnan(predicted.target).any():
            return Losses("anomaly score", predicted.outputs.astype(np.float64), is_error=False)
        wrong = (predicted.outputs >= predicted.decision["threshold"]) != (predicted.target == 1)
        return Losses("error", wrong.astype(np.float64))

    def model_quality(self, predicted: Predicted, deviations: Mapping[str, float]) -> dict[str, Any]:
        """Give the metrics of a binary model where anomalies are known; SageMaker has no format of its own for them."""
        if predicted.use_case.target is not None:
            return BinaryReport().model_quality(predicted, deviations)
        real = predicted.outputs[predicted.target != 1]
        share = float((real >= predicted.decision["threshold"]).mean())
        deviation = float(np.sqrt(share * (1 - share) / len(real)))
        return {"anomaly_metrics": {"anomalous_share": measured(share, deviation)}}

    def draw(self, folder: Path, predicted: Predicted) -> dict[str, str]:
        """Draw the distribution of the score with the threshold, and outcomes where anomalies are known."""
        names = ["usual", "anomalous"] if predicted.use_case.target is not None else ["rows", "columns permuted"]
        chosen = [predicted.outputs[predicted.target == place] for place in (0, 1)]
        shown = [(rows, name) for rows, name in zip(chosen, names, strict=True) if len(rows)]
        if not shown:
            shown = [(predicted.outputs, names[0])]
        draw_histograms(
            folder / "scores.svg",
            [rows for rows, _ in shown],
            [name for _, name in shown],
            of="anomaly score",
            mark=float(predicted.decision["threshold"]),
        )
        drawn = {"scores.svg": f"distribution of the anomaly score: {' and '.join(name for _, name in shown)}"}
        if predicted.use_case.target is None or len(shown) < 2:
            return drawn
        curve = precision_recall(predicted.target == 1, predicted.outputs)
        return {**draw_outcomes(folder, predicted, curve), **drawn}
