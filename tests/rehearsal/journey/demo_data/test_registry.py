"""What holds for every made-up table."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rehearsal.journey.demo_data.customers import customers
from rehearsal.journey.demo_data.deliveries import deliveries
from rehearsal.journey.demo_data.digits import digits
from rehearsal.journey.demo_data.pumps import pump_readings
from rehearsal.journey.demo_data.registry import DEMO_TABLES, demo_table_with, write_demo_csv
from rehearsal.journey.demo_data.sampling import Columns, Flags
from rehearsal.journey.demo_data.tickets import tickets
from slipway.errors import InputError
from slipway.settings import load_settings
from slipway.settings.problems import PROBLEMS

EARLIER = 0.6
NEW: dict[Callable[..., Columns], Callable[[Columns], Flags]] = {
    tickets: lambda table: np.asarray(table["product"] == "Cloud"),
    deliveries: lambda table: np.asarray(table["district"] == "harbour"),
    pump_readings: lambda table: np.asarray(table["speed_rpm"] < 1400),
    customers: lambda table: np.asarray(table["orders_a_year"] > 30),
    digits: lambda table: np.asarray(sum(table[f"pixel_{row}_7"] for row in range(8)) > 20),
}
"""By what the rows of the new kind are known."""


@pytest.mark.parametrize("name", DEMO_TABLES)
def test_the_same_seed_gives_the_same_file_and_another_seed_another(name: str, tmp_path: Path) -> None:
    for file, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_demo_csv(tmp_path / file, rows=200, seed=seed, table=name)
    a, b, c = ((tmp_path / file).read_bytes() for file in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("name", DEMO_TABLES)
def test_every_cell_of_the_file_is_filled_and_the_header_chooses_the_table(name: str, tmp_path: Path) -> None:
    write_demo_csv(tmp_path / "demo.csv", rows=50, seed=1, table=name)
    with (tmp_path / "demo.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert {len(row) for row in rows} == {len(header)}
    assert len(rows) == 50
    assert all(cell.strip() for row in rows for cell in row)
    assert demo_table_with(header) == demo_table_with(header[:3]) == name


@pytest.mark.parametrize("draw", NEW, ids=lambda draw: draw.__name__)
def test_the_later_rows_bring_something_that_the_earlier_ones_lack(draw: Callable[..., Columns]) -> None:
    is_new = NEW[draw](draw(rows=3000, seed=0))
    earlier = round(EARLIER * 3000)
    assert is_new[:earlier].mean() < 0.01
    assert is_new[earlier:].mean() > 0.2


@pytest.mark.parametrize(("draw", "column"), [(tickets, "opened_at"), (deliveries, "ordered_at")])
def test_rows_are_in_time_order(draw: Callable[..., Columns], column: str) -> None:
    times = draw(rows=500, seed=2)[column].tolist()
    assert times == sorted(times)


def test_a_use_case_with_columns_of_its_own_needs_a_table_of_its_own() -> None:
    with pytest.raises(InputError, match=r"no generated one .* has the columns Spend, team"):
        demo_table_with(["Spend", "team"])


@pytest.mark.parametrize("draw", NEW, ids=lambda draw: draw.__name__)
def test_a_table_has_at_least_one_row(draw: Callable[..., Columns]) -> None:
    with pytest.raises(ValueError, match="rows must be at least 1, got 0"):
        draw(rows=0, seed=0)


CONFIGS = sorted((Path(__file__).parents[4] / "config").glob("*.toml"))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_use_case_that_is_shipped_has_a_generated_table(config: Path) -> None:
    settings = load_settings(config, "dev")
    assert demo_table_with([*settings.data.columns, *filter(None, [settings.data.target])]) == config.stem


def test_there_is_a_use_case_for_every_kind_of_problem() -> None:
    assert {load_settings(config, "dev").problem for config in CONFIGS} == set(PROBLEMS)
