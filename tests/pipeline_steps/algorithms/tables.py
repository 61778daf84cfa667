"""Small tables with a signal in them, one a likelihood."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.problems.problem import Likelihood, Outputs

NAMES = ("income", "age", "noise", "flat", "town")
CLASSES = 3
OUTPUTS = {"bernoulli": "score", "categorical": "scores", "normal": "value"}


def task(likelihood: Likelihood, *, seed: int = 0, output: str = "") -> Task:
    return Task(
        likelihood=likelihood,
        classes={"bernoulli": 2, "categorical": CLASSES}.get(likelihood, 0),
        names=NAMES,
        is_category=(False, False, False, False, True),
        output=output or OUTPUTS[likelihood],
        seed=seed,
    )


def table(likelihood: Likelihood, rows: int = 200, *, seed: int = 0) -> Rows:
    """Two numbers and a category that matter, a number that does not, a column of one value, and gaps in two."""
    rng = np.random.default_rng([seed, rows])
    income, age = rng.normal(50_000, 9_000, rows), rng.normal(40, 12, rows)
    town = rng.integers(0, 4, rows).astype(np.float64)
    signal = (income - 50_000) / 9_000 + 0.05 * (age - 40) + 0.8 * (town - 1.5)
    columns = [income, age, rng.normal(size=rows), np.full(rows, 7.0), town]
    features = np.stack(columns, axis=1).astype(np.float32)
    features[::17, 0] = np.nan
    features[::13, 4] = np.nan
    return Rows(features, _target(likelihood, signal, rng))


def _target(likelihood: Likelihood, signal: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    noisy = signal + 0.5 * rng.normal(size=len(signal))
    if likelihood == "bernoulli":
        return (noisy > 0.5).astype(np.float64)
    if likelihood == "categorical":
        return np.digitize(noisy, [-0.7, 0.7]).astype(np.float64)
    return 1000 + 250 * noisy if likelihood == "normal" else np.full(len(signal), np.nan)


def with_gaps(features: Features) -> Features:
    """These rows, and each with one value missing, and none of any."""
    gaps = [features.copy() for _ in range(features.shape[1])]
    for column, rows in enumerate(gaps):
        rows[:, column] = np.nan
    return np.concatenate([features, *gaps, np.full_like(features[:1], np.nan)])


def loss(likelihood: Likelihood, target: NDArray[np.float64], outputs: Outputs) -> float:
    """Log loss, or the mean squared error."""
    exact = outputs.astype(np.float64)
    if likelihood == "normal":
        return float(np.mean((target - exact) ** 2))
    if likelihood == "bernoulli":
        exact = np.stack([1 - exact, exact], axis=1)
    chosen = exact[np.arange(len(target)), target.astype(np.int64)]
    return float(-np.mean(np.log(np.maximum(chosen, 1e-9))))
