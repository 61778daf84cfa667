"""Made-up support tickets, each with the team that solved it.

In the last part of the year a new product arrives, `Cloud`, whose invoices its own engineers explain: a model that has
not seen it sends those tickets to the wrong team.
"""

import numpy as np

from rehearsal.journey.demo_data.sampling import Column, Columns, Floats, chosen, drawn, generator, moments, progress

TARGET = "team"
TEAMS = ("account", "billing", "sales", "technical")
NEW_PRODUCT = "Cloud"
_NEW_FROM, _NEW_SHARE = 0.62, 0.3
_CHANNELS = {"chat": 0.3, "mail": 0.4, "phone": 0.2, "web": 0.1}
_PRODUCTS = {"Backup": 0.25, "Desktop": 0.45, "Mobile": 0.3}
_SYNONYMS = 4
_PHRASES = {
    "invoice": ("my last invoice", "the bill of this month", "a charge on our card", "VAT on the receipt"),
    "login": ("I cannot log in", "a new password", "our account is locked", "the two-factor code"),
    "price": ("a price for ten seats", "your discount", "a quote for next year", "an upgrade of the plan"),
}
_USUAL = (
    "please help with",
    "question about",
    "since yesterday",
    "urgent:",
    "we need",
    "hello team,",
    "again",
    "thanks",
)
_PLANS = {"free": 0.5, "team": 0.35, "enterprise": 0.15}


def tickets(*, rows: int, seed: int) -> Columns:
    """Draw `rows` tickets, the target last; the same seed gives the same tickets."""
    rng = generator(rows=rows, seed=seed)
    is_new = (progress(rows) >= _NEW_FROM) & (rng.random(rows) < _NEW_SHARE)
    topic = rng.choice(4, size=rows, p=[0.25, 0.3, 0.15, 0.3])  # what it is about: no column says it in one word
    columns: dict[str, Column] = {
        "opened_at": np.datetime_as_string(moments(rng, rows, start="2025-01-01", days=365), unit="m"),
        "channel": chosen(rng, _CHANNELS, rows),
        "product": np.where(is_new, NEW_PRODUCT, chosen(rng, _PRODUCTS, rows)),
        "plan": chosen(rng, _PLANS, rows),
        "customer_months": rng.geometric(1 / 18, size=rows),
        "words": np.exp(rng.normal(4.0 + 0.3 * (topic == 3), 0.7)).astype(int) + 3,
        "error_codes": np.where(rng.random(rows) < np.where(topic == 3, 0.7, 0.06), rng.geometric(0.5, rows), 0),
        "attachments": rng.poisson(np.where(topic == 3, 0.9, 0.2)),
    }
    mentions = {
        "invoice": rng.random(rows) < np.where(topic == 1, 0.8, 0.07),
        "login": rng.random(rows) < np.where(topic == 0, 0.75, 0.08),
        "price": rng.random(rows) < np.where(topic == 2, 0.75, 0.1),
    }
    columns["subject"] = _subjects(rng, mentions, rows)
    return {**columns, TARGET: drawn(rng, _scores(columns, mentions), TEAMS)}


def _subjects(rng: np.random.Generator, mentions: Columns, rows: int) -> Column:
    """What each ticket says in words: phrases of what it mentions, in any order, among others that say nothing."""
    phrases = [_PHRASES[name][place] for name in mentions for place in range(_SYNONYMS)]
    usual = rng.choice(_USUAL, size=(rows, 2))
    places = rng.integers(0, _SYNONYMS, size=(rows, len(mentions)))
    said = np.stack(list(mentions.values()), axis=1)
    order = rng.random((rows, len(mentions) + 2)).argsort(axis=1)
    texts = []
    for row in range(rows):
        parts = [*usual[row], *("" for _ in mentions)]
        for at in np.flatnonzero(said[row]).tolist():
            parts[2 + at] = phrases[at * _SYNONYMS + places[row, at]]
        texts.append(" ".join(filter(None, (parts[place] for place in order[row]))).capitalize())
    return np.array(texts, dtype=object)


def _scores(columns: Columns, mentions: Columns) -> Floats:
    """How well each team fits a ticket, by its columns alone: [rows, teams]."""
    invoice, login = mentions["invoice"].astype(float), mentions["login"].astype(float)
    price, errors = mentions["price"].astype(float), np.minimum(columns["error_codes"], 3)
    new = (columns["product"] == NEW_PRODUCT).astype(float)
    small = (columns["plan"] == "free") & (columns["customer_months"] < 6)
    account = 3.2 * login - 0.8 * errors + 1.6 * small
    billing = 3.6 * invoice * (1 - new) + 0.6 * (columns["plan"] == "enterprise")
    sales = 2.8 * price - 1.5 * invoice + 1.2 * small * price
    technical = 1.5 * errors + 0.7 * columns["attachments"] + 4.0 * invoice * new + 0.3
    return 1.5 * np.stack([account, billing, sales, technical], axis=1)
