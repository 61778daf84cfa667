from typing import Any
from xml.etree import ElementTree as ET

import pytest

from rehearsal.console.data_profile import data_profile


@pytest.mark.parametrize(
    ("edges", "shown"),
    [([9556.0, 9566.0, 9576.0], ["2026-03-01", "2026-03-21"]), ([9556.0, 9556.0], ["always 2026-03-01"])],
)
def test_a_datetime_is_drawn_over_dates(edges: list[float], shown: list[str]) -> None:
    column = {"name": "joined", "kind": "datetime", "histogram": {"edges": edges, "counts": [3] * (len(edges) - 1)}}
    picture = data_profile({"columns": [column]})
    assert [text for text in shown if text not in picture] == []


def _column(name: str) -> dict[str, Any]:
    numbers = dict.fromkeys(("mean", "median", "mode", "std", "variance", "min", "max"), 12345.0)
    return numbers | {
        "name": name,
        "kind": "number",
        "missing": 3,
        "unique": 7,
        "impossible": 44,
        "quartiles": [1.0, 2.0, 3.0],
        "whiskers": [0.0, 4.0],
        "outliers": {"iqr": 41, "z_score": 42, "robust_z": 43},
        "histogram": {"edges": [0.0, 4.0, 8.0], "counts": [9, 1]},
        "target_by_bin": {"edges": [0.0, 2.0, 8.0], "rows": [5, 5], "target": [[0.125], [0.875]]},
    }


def _profile(columns: int) -> dict[str, Any]:
    names = [f"<{place}>" for place in range(columns)]
    matrix = {"columns": names[:30], "matrix": [[0.5] * 30] * 30}
    plot = {"x": "<0>", "y": "<1>", "correlation": 0.5, "cells_a_side": 24, "cells": [[0, 0, 9], [23, 23, 1]]}
    return {
        "columns": [_column(name) for name in names],
        "target_labels": ["yes"],
        "relations": {"rows": 9, "columns": columns, "left_out": names[30:]},
        "correlation": matrix,
        "covariance": {"columns": names[:30], "matrix": [[678.0] * 30] * 30},
        "scatter": [plot],
        "row_outliers": {"rows": 9, "columns": 2, "methods": {"dbscan": {"rule": "far", "count": 45, "share": 0.1}}},
    }


def test_no_target_is_explained_where_none_is_drawn() -> None:
    column = {key: value for key, value in _column("x").items() if key != "target_by_bin"}
    assert "interquartile ranges.</p>" in data_profile({"columns": [column]})


@pytest.mark.parametrize("columns", [30, 200])
def test_all_that_the_profile_has_is_shown_and_many_columns_unfold(columns: int) -> None:
    drawn = data_profile(_profile(columns))
    page = ET.fromstring(f"<page>{drawn}</page>")  # noqa: S314 (our own)
    shown = " ".join(page.itertext())
    expected = [
        "12,345",
        "1 to 3",
        "41",
        "42",
        "43",
        "44",
        "target 0.125 to 0.875",
        "the rate of yes",
        "covariance 678",
    ]
    assert [text for text in expected if text not in shown] == []
    assert len(page.findall("div/figure")) == 24 + 1
    assert ("170 columns that correlate less" in shown) == (columns == 200)
    assert len(drawn) < 50_000 + 2_000 * columns
