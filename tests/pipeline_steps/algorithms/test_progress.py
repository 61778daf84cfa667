"""What a training job prints while it fits."""

import re

import numpy as np
import pytest

from pipeline_steps.algorithms.algorithm import Rows, Task
from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.progress import progress_line
from pipeline_steps.algorithms.registry import algorithm_named
from slipway.settings.search import REPORTED, REPORTING


def test_a_loss_that_is_no_metric_is_not_read_as_one() -> None:
    assert progress_line(0, "poisson", 1.0) == "[0]\tvalidation-poisson:1.00000"


@pytest.mark.parametrize("algorithm", REPORTING)
@pytest.mark.parametrize(("likelihood", "classes"), [("bernoulli", 2), ("categorical", 3), ("normal", 0)])
def test_the_loss_is_reported_as_the_metric_that_it_is(algorithm, likelihood, classes) -> None:
    draws = np.random.default_rng(0)
    features = draws.normal(size=(120, 2)).astype(np.float32)
    target = np.digitize(features[:, 0], [0.0, 0.7][: classes - 1]) if classes else features[:, 0]
    rows = Rows(features, np.asarray(target, dtype=np.float64))
    task = Task(
        likelihood=likelihood, classes=classes, names=("a", "b"), is_category=(False, False), output="out", seed=0
    )
    values = parse_hyperparameters({"algorithm": algorithm}).values
    lines: list[str] = []
    algorithm_named(algorithm).fit(task, rows, rows, values, log=lines.append)
    metric = "log_loss" if classes else "rmse"
    assert metric in REPORTED
    assert len(re.findall(rf"validation:{metric}=([0-9.eE+-]+)", "\n".join(lines))) >= 2
