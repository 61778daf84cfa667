"""A small shop's table."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

HEADER = ["visits", "spend", "month", "returning", "bought"]
SCHEMA_FLAGS = ["--target=bought", "--positive-label=TRUE", "--number=visits,spend", "--category=month,returning"]


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
