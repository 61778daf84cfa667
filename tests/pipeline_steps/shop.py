"""A small shop's table."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.documents import write_json
from pipeline_steps.tables.use_case import FILE, Column, UseCase

HEADER = ["visits", "spend", "month", "returning", "bought"]
USE_CASE = UseCase(
    problem="binary",
    columns=(
        Column("visits", "number"),
        Column("spend", "number"),
        Column("month", "category"),
        Column("returning", "category"),
    ),
    target="bought",
    metric="auc",
    positive_label="TRUE",
    value={
        "currency": "EUR",
        "true_positive": 5.0,
        "false_positive": -1.0,
        "true_negative": 0.0,
        "false_negative": 0.0,
    },
)


def shop_rows(count: int, *, seed: int = 0) -> list[list[str]]:
    """Visits with a pattern that trees find: buyers come in November, or come often and spend."""
    random_numbers = random.Random(seed)  # noqa: S311 (made-up data)
    rows = []
    for _ in range(count):
        visits, spend = random_numbers.randint(1, 40), random_numbers.expovariate(1 / 20)
        month = random_numbers.choices(["Feb", "May", "Nov", "Dec", "Jan"], [30, 30, 25, 14, 1])[0]
        odds = 0.08 + 0.5 * (month == "Nov") + 0.35 * (visits > 25 and spend > 15)
        bought = random_numbers.random() < odds
        amount = "" if random_numbers.random() < 0.05 else f"{spend:.2f}"
        rows.append([str(visits), amount, month, random_numbers.choice(["TRUE", "FALSE"]), str(bought).upper()])
    return rows


def write_rows(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def lay_use_case(base: Path, use_case: UseCase = USE_CASE) -> None:
    """Write the use case where `prepare` reads it, below the container's tree in `base`."""
    write_json(base / "processing/input/use_case" / FILE, use_case.to_document())
