"""Made-up browsing sessions with the columns of UCI's Online Shoppers table and a known chance of buying for each.

Rows are in time order. Nov and Dec bring something new: gift hunters, who come back and buy after long browsing
without a valued page. So a model that has seen the holidays knows more than one that has not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rehearsal.journey.demo_data.sampling import Column, Columns, Flags, Floats, chosen, generator, logistic, shares

TARGET = "Revenue"
# The shares of the months and of the categories below are those of the UCI table, rounded.
MONTHS = {
    "Feb": 0.015,
    "Mar": 0.155,
    "May": 0.273,
    "June": 0.023,
    "Jul": 0.035,
    "Aug": 0.035,
    "Sep": 0.036,
    "Oct": 0.045,
    "Nov": 0.243,
    "Dec": 0.140,
}
_MONTH_EFFECT = {"Feb": -1.2, "Mar": -0.3, "May": -0.2, "June": -0.2, "Aug": 0.2, "Sep": 0.3, "Oct": 0.4, "Nov": 0.2}
_HOLIDAYS = ("Nov", "Dec")
_GIFT_MONTHS = ("Feb", "May")
_CATEGORY_SHARES = {
    "OperatingSystems": (0.210, 0.535, 0.207, 0.039, 0.001, 0.001, 0.001, 0.006),
    "Browser": (0.200, 0.645, 0.009, 0.060, 0.038, 0.014, 0.004, 0.011, 0.001, 0.012, 0.001, 0.001, 0.004),
    "Region": (0.388, 0.092, 0.195, 0.096, 0.026, 0.065, 0.062, 0.035, 0.041),
    "TrafficType": (
        *(0.199, 0.317, 0.166, 0.087, 0.021, 0.036, 0.003, 0.028, 0.003, 0.037),
        *(0.020, 0.001, 0.060, 0.001, 0.003, 0.001, 0.001, 0.001, 0.001, 0.014),
    ),
}
_VISITORS = {"Returning_Visitor": 0.856, "New_Visitor": 0.137, "Other": 0.007}


@dataclass(frozen=True)
class DemoSessions:
    """The table's columns, the target last, and the chance of buying that each row's label was drawn with."""

    columns: Columns
    probability: Floats


def demo_sessions(*, rows: int, seed: int) -> DemoSessions:
    """Draw `rows` sessions; the same seed gives the same sessions.

    Raises:
        ValueError: `rows` is not positive.
    """
    rng = generator(rows=rows, seed=seed)
    columns = _sessions(rng, rows)
    probability = _chance_of_buying(columns)
    bought = rng.random(rows) < probability
    return DemoSessions({**columns, TARGET: _booleans(bought)}, probability)


def best_possible_auc(probability: Floats) -> float:
    """The AUC, expected over the labels' own chance, of ranking rows by their true chance of buying.

    No model can expect more. It is the share of (buyer, other) pairs in the right order, each pair of rows weighed by
    the chance of being such a pair; equal chances count half, a row is no pair with itself.
    """
    values, row = np.unique(probability, return_inverse=True)
    buyers = np.bincount(row, weights=probability, minlength=len(values))
    others = np.bincount(row, weights=1 - probability, minlength=len(values))
    with_itself = float(np.sum(probability * (1 - probability)))
    below = np.cumsum(others) - others
    right = float(np.sum(buyers * (below + others / 2))) - with_itself / 2
    return right / (float(buyers.sum() * others.sum()) - with_itself)


def _sessions(rng: np.random.Generator, rows: int) -> dict[str, Column]:
    """The visible columns; how engaged the visitor was drives all of them, and is not among them."""
    engaged = rng.normal(size=rows)
    month = np.sort(rng.choice(len(MONTHS), size=rows, p=shares(MONTHS.values())))
    visitor = chosen(rng, _VISITORS, rows)
    bounced = rng.random(rows) < 0.06
    product = np.where(bounced, 1, np.exp(rng.normal(2.85 + 0.55 * engaged, 0.85)).astype(int) + 1)
    administrative = _page_count(rng, engaged, bounced, visited=0.56, mean=4.3)
    informational = _page_count(rng, engaged, bounced, visited=0.23, mean=2.4)
    exit_rate = np.clip(np.exp(rng.normal(-3.6 - 0.45 * engaged, 0.6)), 0.0, 0.2)
    bounce_rate = np.where(rng.random(rows) < 0.47, 0.0, exit_rate * rng.beta(1.5, 2.5, rows))
    valued = ~bounced & (rng.random(rows) < logistic(-1.55 + 0.9 * engaged))
    special = np.isin(month, [list(MONTHS).index(name) for name in _GIFT_MONTHS]) & (rng.random(rows) < 0.35)
    return {
        "Administrative": administrative,
        "Administrative_Duration": _duration(rng, administrative, seconds=35),
        "Informational": informational,
        "Informational_Duration": _duration(rng, informational, seconds=40),
        "ProductRelated": product,
        "ProductRelated_Duration": np.where(bounced, 0.0, _duration(rng, product, seconds=33)),
        "BounceRates": np.where(bounced, 0.2, bounce_rate).round(6),
        "ExitRates": np.where(bounced, 0.2, exit_rate).round(6),
        "PageValues": np.where(valued, np.exp(rng.normal(2.75, 1.1, rows)), 0.0).round(6),
        "SpecialDay": np.where(special, rng.choice([0.2, 0.4, 0.6, 0.8, 1.0], size=rows), 0.0),
        "Month": np.array(list(MONTHS))[month],
        **{
            name: rng.choice(len(weights), size=rows, p=shares(weights)) + 1
            for name, weights in _CATEGORY_SHARES.items()
        },
        "VisitorType": visitor,
        "Weekend": _booleans(rng.random(rows) < 0.233),
    }


def _chance_of_buying(columns: Mapping[str, Column]) -> Floats:
    """The one rule behind every label; it reads nothing but the columns as they are written."""
    valued, value = columns["PageValues"] > 0, np.log1p(columns["PageValues"])
    returning, weekend = columns["VisitorType"] == "Returning_Visitor", columns["Weekend"] == "TRUE"
    browsing = np.log1p(columns["ProductRelated_Duration"]) - 6.3
    holiday = np.isin(columns["Month"], _HOLIDAYS)
    gift_hunter = holiday & returning & ~valued & (columns["ProductRelated"] >= 30) & (columns["ExitRates"] < 0.03)
    score = (
        -4.0
        + np.where(valued, 2.5 + 0.68 * value, 0.0)
        + np.where(holiday & valued, -1.0, 0.0)
        + np.where(gift_hunter, 2.7, 0.0)
        + np.where(holiday & weekend, 0.8, 0.0)
        + np.where(returning, 0.0, np.where(valued, 1.0, -0.6))
        + 0.37 * browsing
        - 20.0 * (columns["ExitRates"] - 0.03)
        - 1.2 * columns["SpecialDay"]
        + np.where(np.isin(columns["TrafficType"], (2, 8, 20)), 0.4, 0.0)
        + np.array([_MONTH_EFFECT.get(month, 0.0) for month in columns["Month"].tolist()])
    )
    return logistic(score)


def _page_count(
    rng: np.random.Generator, engaged: Floats, bounced: Flags, *, visited: float, mean: float
) -> NDArray[np.int_]:
    """Pages of one kind: many sessions see none, the others `mean` of them or so."""
    seen = ~bounced & (rng.random(len(engaged)) < visited)
    pages = rng.geometric(np.clip(np.exp(-0.2 * engaged) / mean, 0.01, 1.0))
    return np.where(seen, pages, 0)


def _duration(rng: np.random.Generator, pages: Column, *, seconds: float) -> Floats:
    """Seconds spent on `pages` pages, about `seconds` each."""
    return np.asarray(pages * seconds * rng.lognormal(-0.3, 0.8, len(pages)), dtype=float).round(3)


def _booleans(values: Flags) -> Column:
    return np.where(values, "TRUE", "FALSE")
