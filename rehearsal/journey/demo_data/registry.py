"""The made-up tables, and which of them a use case reads."""

import csv
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np

from rehearsal.journey.demo_data.customers import customers
from rehearsal.journey.demo_data.deliveries import deliveries
from rehearsal.journey.demo_data.digits import digits
from rehearsal.journey.demo_data.pumps import pump_readings
from rehearsal.journey.demo_data.sampling import Columns
from rehearsal.journey.demo_data.shoppers import demo_sessions
from rehearsal.journey.demo_data.tickets import tickets
from slipway.errors import InputError

_DRAWERS: Mapping[str, Callable[[int, int], Columns]] = {
    "shoppers": lambda rows, seed: demo_sessions(rows=rows, seed=seed).columns,
    "tickets": lambda rows, seed: tickets(rows=rows, seed=seed),
    "deliveries": lambda rows, seed: deliveries(rows=rows, seed=seed),
    "pumps": lambda rows, seed: pump_readings(rows=rows, seed=seed),
    "customers": lambda rows, seed: customers(rows=rows, seed=seed),
    "digits": lambda rows, seed: digits(rows=rows, seed=seed),
}
DEMO_TABLES = tuple(_DRAWERS)


def demo_table_with(columns: Collection[str]) -> str:
    """The name of the table that has all of these columns.

    Raises:
        InputError: none has; the use case needs a table of its own.
    """
    wanted = set(columns)
    found = next((name for name, draw in _DRAWERS.items() if wanted <= draw(1, 0).keys()), None)
    if found is None:
        raise InputError(
            f"--data must name a table, as no generated one ({', '.join(DEMO_TABLES)}) has the columns "
            f"{', '.join(columns)}"
        )
    return found


def write_demo_csv(path: Path, *, rows: int, seed: int, table: str = "shoppers") -> None:
    """Write a made-up table as a CSV file with a header; the same seed gives the same file."""
    columns = _DRAWERS[table](rows, seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(_cells(values) for values in columns.values()), strict=True))


def _cells(values: "np.typing.NDArray[np.generic]") -> list[object]:
    cells: list[object] = (np.where(values, "true", "false") if values.dtype == bool else values).tolist()
    return cells
