"""Rows that the project itself sends as CSV mean to the model server what they mean in the table."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.features.boolean_column import BooleanColumn
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.server.payload import read_payload
from pipeline_steps.tables.parquet import parquet_blocks
from pipeline_steps.tables.rehearsed_rows import write_catalog_table, write_requests
from pipeline_steps.tables.source_table import read_source
from pipeline_steps.tables.use_case import Column, TableFormat
from rehearsal.journey.user_table import UserTable, request_bodies
from slipway.rollout.smoke_request import example_row
from tests.contracts import binary_contract

TEXTS = ["plain", "a, b", 'a "b"', "a\nb", "a\rb", "a\u2028b", " a ", "2.0", "02", "\ufeffa"]


def contract(*texts: str) -> Contract:
    columns = (
        NumberColumn("size", 0, 3, missing=True),
        CategoryColumn("kind", texts, len(texts), accepts_unknown=False, missing=True),
        BooleanColumn("member"),
        DatetimeColumn("signup", 9000, 9000.75, missing=True, format="%d.%m.%Y %H:%M", times=True),
    )
    return binary_contract(columns)


@pytest.mark.parametrize("text", TEXTS)
def test_the_smoke_test_sends_the_category_that_it_means(text: str) -> None:
    known = contract(text)
    assert read_payload(known, example_row(known.to_document()).encode(), "text/csv").tolist() == [
        [1.5, 0, 0, 9000.375]
    ]


def test_the_rehearsals_users_send_rows_that_mean_what_the_table_does(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [
                ["bought", "kind", "size", "signup", "member"],
                *[["TRUE", text, place, f"{place + 1}.3.2026 1{place}:00", "no"] for place, text in enumerate(TEXTS)],
            ]
        )
    columns = (Column("size", "number"), Column("kind", "category"))
    columns += (Column("member", "boolean"), Column("signup", "datetime"))
    cells = read_source([path], columns, TableFormat()).cells
    read = pd.DataFrame(dict(zip(("size", "kind", "member", "signup"), cells, strict=True)))
    write_requests(tmp_path / "requests.csv", read, columns)
    bodies = request_bodies(UserTable(path, "t", len(TEXTS), "0" * 64, path, 1, tmp_path / "requests.csv"))
    known = contract(*dict.fromkeys(read["kind"]))
    sent = sorted(read_payload(known, body, "text/csv")[0].tolist() for body in bodies)
    assert sent == sorted(known.encode(read).tolist())
    write_catalog_table(tmp_path / "t.parquet", read.rename(columns={"kind": "Kind"}), _renamed(columns, "Kind"))
    header, *blocks = parquet_blocks((tmp_path / "t.parquet").read_bytes(), "t")
    assert header == ["size", "kind", "member", "signup"]
    assert sorted(cell for block in blocks for cell in block[1]) == sorted(read["kind"])


def _renamed(columns: Sequence[Column], name: str) -> list[Column]:
    return [replace(column, name=name) if column.name == name.lower() else column for column in columns]
