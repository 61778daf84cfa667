"""What the servers count of two healthy models' scores, as canary analysis uses it."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.distribution import training_distribution
from pipeline_steps.server.score_recorder import ScoreRecorder
from slipway.canary.config import Tolerances
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Decision, Evidence
from slipway.canary.statistics.streams import streams
from tests.contracts import binary_contract

CONTRACT = binary_contract()
VALIDATION_ROWS = 2440
PLAN = Tolerances(baseline_rows=VALIDATION_ROWS // 2)
ROLLOUTS = 100
NOTHING = Counts.of(0.0, 0.0, 0.0, 0.0)

Scores = NDArray[np.float32]
Model = Callable[[int, int], Scores]
"""Scores of so many requests of so many rows, float32 [requests, rows]."""


def shallow_tree(rng: np.random.Generator) -> Model:
    """A model of eight leaves of its own."""
    leaves = np.sort(rng.random(8)).astype(np.float32)
    shares = rng.dirichlet(np.full(8, 4.0))
    return lambda requests, rows: rng.choice(leaves, (requests, rows), p=shares)


def of_alike_rows(rng: np.random.Generator) -> Model:
    """Rows of one request have a correlation of 0.2."""

    def scores(requests: int, rows: int) -> Scores:
        latent = np.sqrt(0.2) * rng.standard_normal((requests, 1)) + np.sqrt(0.8) * rng.standard_normal(
            (requests, rows)
        )
        return (1 / (1 + np.exp(-latent))).astype(np.float32)

    return scores


def recorder(model: Model, *, older: bool) -> ScoreRecorder:
    document = training_distribution((), pd.DataFrame(), model(VALIDATION_ROWS, 1)[:, 0])
    if older:
        del document["score"]["ties"]
    return ScoreRecorder(CONTRACT, Baseline.from_document(document, CONTRACT))


def reported(fleet: ScoreRecorder, scores: Scores) -> tuple[float, float, float]:
    for of_request in scores:
        fleet.record((np.empty((len(of_request), 0), dtype=np.float32), of_request))
    found = {metric.name: metric.value for metric in fleet.take_metrics()}
    fleet.clear()  # of the window: its drift takes long, and is not needed here
    return found["ScoredRows"], found["UpperHalf"], found["Tails"]


def rolled_back(
    make: Callable[[np.random.Generator], Model],
    *,
    requests: tuple[int, int],
    polls: int,
    rows: int = 1,
    older: bool = False,
    by_row: bool = False,
) -> float:
    """The share of healthy retrainings that canary analysis rolls back for their scores.

    Args:
        make: draws a healthy model.
        requests: to the new and the old fleet in a poll.
        polls: of canary analysis.
        rows: of a request.
        older: the models' artifacts have no ties.
        by_row: each row counts as a request of its own.
    """
    rng = np.random.default_rng(28)
    fleets = []
    for _ in range(ROLLOUTS):
        pair = make(rng), make(rng)
        fleets.append([(model, recorder(model, older=older)) for model in pair])
    evidence = Evidence.start(PLAN, np.zeros(ROLLOUTS))
    sent = np.zeros(ROLLOUTS, dtype=bool)
    for _ in range(polls):
        seen = np.array(
            [
                [
                    reported(fleet, model(n, rows).reshape((-1, 1 if by_row else rows)))
                    for (model, fleet), n in zip(pair, requests, strict=True)
                ]
                for pair in fleets
            ]
        )
        (green, green_half, green_tails), (blue, blue_half, blue_tails) = seen[:, 0].T, seen[:, 1].T
        block = {stream.name: NOTHING for stream in streams(PLAN)}
        block["upper half"] = Counts.of(green, green_half, blue, blue_half)
        block["tails"] = Counts.of(green, green_tails, blue, blue_tails)
        evidence = evidence.observe(block)
        sent |= np.asarray(evidence.decisions()) == Decision.ROLL_BACK
    return float(sent.mean())


@pytest.mark.parametrize(("older", "least", "most"), [(False, 0.0, 0.02), (True, 0.3, 1.0)])
def test_a_healthy_retraining_of_few_distinct_scores_is_promoted(older: bool, least: float, most: float) -> None:
    assert least <= rolled_back(shallow_tree, requests=(80, 240), polls=10, older=older) <= most


@pytest.mark.parametrize(("by_row", "least", "most"), [(False, 0.0, 0.02), (True, 0.3, 1.0)])
def test_rows_that_come_together_count_as_one(by_row: bool, least: float, most: float) -> None:
    assert least <= rolled_back(of_alike_rows, rows=50, requests=(2, 3), polls=40, by_row=by_row) <= most
