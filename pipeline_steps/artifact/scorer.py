"""Scoring with ONNX Runtime: one dense input, and one output for each row."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pipeline_steps.errors import StepError
from pipeline_steps.graphs.tensor_names import INPUT


class Scorer:
    """A loaded ONNX graph.

    Raises:
        StepError: the graph does not load, or does not take `features` and give `output`.
    """

    def __init__(self, graph: bytes | Path, output: str) -> None:
        self._outputs = [output]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        source = str(graph) if isinstance(graph, Path) else graph
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # the runtime's errors share no base class but this
            raise StepError(f"model.onnx must be a graph that ONNX Runtime loads: {exc}") from exc
        inputs = [entry.name for entry in self._session.get_inputs()]
        outputs = [entry.name for entry in self._session.get_outputs()]
        if inputs != [INPUT] or output not in outputs:
            raise StepError(f"model.onnx must take {INPUT} and give {output}, got {inputs} and {outputs}")

    @property
    def columns(self) -> int | None:
        """The width of the input, None where the graph leaves it open."""
        width: Any = self._session.get_inputs()[0].shape[-1]
        return width if isinstance(width, int) else None

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score float32 [rows, columns]; gives float32 [rows], or [rows, width]."""
        scores: NDArray[np.float32] = self._session.run(self._outputs, {INPUT: features})[0]
        return scores
