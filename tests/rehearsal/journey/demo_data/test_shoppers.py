import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.journey.demo_data.registry import write_demo_csv
from rehearsal.journey.demo_data.shoppers import MONTHS, TARGET, best_possible_auc, demo_sessions
from slipway.settings import load_settings

ROWS = 12_000


@pytest.fixture(scope="module")
def sessions():
    return demo_sessions(rows=ROWS, seed=0)


@pytest.fixture(scope="module")
def settings():
    return load_settings(Path(__file__).parents[4] / "config" / "shoppers.toml", "dev")


@pytest.fixture(scope="module")
def bought(sessions):
    return sessions.columns[TARGET] == "TRUE"


def auc(score, positive):
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1)
    n = positive.sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n))


def test_the_columns_are_those_the_settings_expect_and_the_target_is_last(sessions, settings):
    assert list(sessions.columns) == [*settings.data.columns, settings.data.target]
    assert set(sessions.columns[TARGET]) == {settings.data.positive_label, "FALSE"}


def test_numbers_are_numbers(sessions, settings):
    numbers = [name for name, kind in settings.data.columns.items() if kind == "number"]
    for name in numbers:
        assert np.isfinite(sessions.columns[name].astype(float)).all()
        assert (sessions.columns[name] >= 0).all()


def test_rows_are_in_time_order(sessions):
    assert [month for month, _ in itertools.groupby(sessions.columns["Month"].tolist())] == list(MONTHS)


def test_the_margins_look_like_a_shop(sessions, bought):
    columns = sessions.columns
    assert 0.13 < bought.mean() < 0.18
    assert 0.75 < (columns["PageValues"] == 0).mean() < 0.85
    assert 15 < np.median(columns["ProductRelated"]) < 20
    assert (columns["BounceRates"] <= columns["ExitRates"]).all()
    assert columns["ExitRates"].max() == 0.2
    assert set(columns["Month"][columns["SpecialDay"] > 0]) == {"Feb", "May"}
    assert (columns["Administrative_Duration"][columns["Administrative"] == 0] == 0).all()


def test_exact_duplicates_are_rare(sessions):
    rows = list(zip(*(values.tolist() for values in sessions.columns.values()), strict=True))
    assert 0 < len(rows) - len(set(rows)) < 0.015 * ROWS


def test_the_file_holds_the_sessions(tmp_path, settings):
    write_demo_csv(tmp_path / "demo.csv", rows=50, seed=1)
    with (tmp_path / "demo.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sessions = demo_sessions(rows=50, seed=1)
    assert [row["Month"] for row in rows] == sessions.columns["Month"].tolist()
    assert [float(row["PageValues"]) for row in rows] == sessions.columns["PageValues"].tolist()
    assert [row[TARGET] for row in rows] == sessions.columns[TARGET].tolist()


@pytest.mark.parametrize("seed", range(4))
def test_the_best_possible_auc_is_about_0_94(seed):
    assert best_possible_auc(demo_sessions(rows=ROWS, seed=seed).probability) == pytest.approx(0.940, abs=0.004)


def test_the_gate_is_reachable_on_the_earlier_rows_too(sessions):
    assert best_possible_auc(sessions.probability[: ROWS * 60 // 100]) > 0.93


def test_labels_agree_with_their_probabilities(sessions, bought):
    edges = np.quantile(sessions.probability, np.linspace(0, 1, 11))
    for low, high in itertools.pairwise(edges):
        bin_ = (sessions.probability >= low) & (sessions.probability <= high)
        chance = sessions.probability[bin_]
        error = np.sqrt((chance * (1 - chance)).sum()) / bin_.sum()
        assert bought[bin_].mean() == pytest.approx(chance.mean(), abs=4 * error)


def test_the_best_possible_auc_is_the_mean_over_redrawn_labels(sessions):
    p = sessions.probability[::6]
    rng = np.random.default_rng(5)
    redrawn = [auc(p, rng.random(len(p)) < p) for _ in range(100)]
    assert best_possible_auc(p) == pytest.approx(np.mean(redrawn), abs=4 * np.std(redrawn) / 10)


@given(st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.9]), min_size=2, max_size=12))
def test_the_best_possible_auc_is_the_sum_over_all_pairs(chances):
    p = np.array(chances)
    right = whole = 0.0
    for i, j in itertools.permutations(range(len(p)), 2):
        weight = p[i] * (1 - p[j])
        whole += weight
        right += weight * (1.0 if p[i] > p[j] else 0.5 if p[i] == p[j] else 0.0)
    assert best_possible_auc(p) == pytest.approx(right / whole)


def test_the_holidays_bring_something_new(sessions, bought):
    columns = sessions.columns
    holiday = np.isin(columns["Month"], ("Nov", "Dec"))
    browsed_long = (columns["PageValues"] == 0) & (columns["ProductRelated"] >= 30) & (columns["ExitRates"] < 0.03)
    browsed_long &= columns["VisitorType"] == "Returning_Visitor"
    assert bought[browsed_long & holiday].mean() > 3 * bought[browsed_long & ~holiday].mean()
    assert not holiday[: ROWS * 60 // 100].any()
