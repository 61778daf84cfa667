"""What is wrong with a graph's outputs, for every problem."""

import numpy as np

from pipeline_steps.problems.problem import Outputs


def shape_errors(outputs: Outputs, expected: tuple[int, ...], what: str) -> list[str]:
    """Check the shape; `what` says what a row must have."""
    if outputs.shape == expected:
        return []
    return [f"model.onnx must give {what}, shape {expected}, got {outputs.shape}"]


def finite_errors(outputs: Outputs) -> list[str]:
    """Check for numbers."""
    if wrong := int((~np.isfinite(outputs)).sum()):
        return [f"model.onnx must give finite numbers, got {wrong} of {outputs.size} not finite"]
    return []


def relative_difference(exported: Outputs, fitted: Outputs) -> float:
    """Give the largest difference as a share of the outputs' scale, their root mean square."""
    scale = float(np.sqrt(np.mean(fitted.astype(np.float64) ** 2))) if fitted.size else 0.0
    largest = float(np.abs(exported.astype(np.float64) - fitted).max(initial=0.0))
    return largest / scale if scale else largest
