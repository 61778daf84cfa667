"""The benchmark of experiments: each way of deciding has a row."""

import pytest

from benchmarks.experiment import WAYS, Cell, row, table
from slipway.experiment.experiment_plan import ExperimentPlan

SMALL = Cell(
    "no difference", ExperimentPlan("split", "yes_no", "two_sided", 2, 0.2, 0.0, 0.05), (0,), requests_per_second=0.04
)


@pytest.fixture(scope="module")
def rows():
    return {way: row(SMALL, way, experiments=300, seed=1) for way in WAYS}


def test_looking_each_period_finds_more_false_winners_than_one_look(rows):
    peeking = rows["split, SciPy's Welch test each period"]["false_winners"]
    assert peeking > 2 * max(rows["split"]["false_winners"], rows["thompson"]["false_winners"])


def test_the_table_has_a_line_for_each_row(rows):
    text = table(list(rows.values()))
    assert len(text.splitlines()) == 2 + len(rows)
    assert all(way in text for way in WAYS)
