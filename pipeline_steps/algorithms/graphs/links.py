"""From what a model adds up to the output: the same functions in numpy and as ONNX nodes."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.errors import ArgumentError
from pipeline_steps.graphs.writer import GraphWriter
from pipeline_steps.problems.problem import Outputs

Link = Literal["logistic", "softmax", "log", "identity"]


def link_of(task: Task, family: str = "normal") -> Link:
    """Find the link of the task's likelihood; `family` is how a number is distributed.

    Raises:
        ArgumentError: the target is no number, and `family` is not the default.
    """
    if task.likelihood == "normal":
        return "log" if family == "poisson" else "identity"
    if family != "normal":
        raise ArgumentError(f"hyperparameter family must be normal where the target is no number, got {family}")
    return "softmax" if task.likelihood == "categorical" else "logistic"


def respond(link: Link, sums: NDArray[np.floating]) -> Outputs:
    """Give the outputs for sums, [rows] or [rows, classes]."""
    exact = sums.astype(np.float64)
    if link == "logistic":
        exact = 1 / (1 + np.exp(-np.clip(exact, -700, 700)))
    elif link == "softmax":
        powers = np.exp(exact - exact.max(axis=1, keepdims=True))
        exact = powers / powers.sum(axis=1, keepdims=True)
    elif link == "log":
        exact = np.exp(exact)
    return exact.astype(np.float32)


def write_link(graph: GraphWriter, link: Link, sums: str) -> str:
    """Add the link's node behind `sums`."""
    if link == "softmax":
        return graph.node("Softmax", sums, axis=1)
    return graph.node({"logistic": "Sigmoid", "log": "Exp", "identity": "Identity"}[link], sums)
