from dataclasses import replace
from typing import Any

import pytest

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.evaluation.champion import differences
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.tables.use_case import Column, UseCase

USE_CASE = UseCase(
    problem="multiclass",
    columns=(Column("age", "number"), Column("plan", "category")),
    target="kind",
    metric="log_loss",
    classes=("a", "b"),
)
CONTRACT = Contract(
    columns=(NumberColumn("age", 0, 9, missing=False), CategoryColumn("plan", ("x",), 1, True, True)),
    problem_name="multiclass",
    target="kind",
    positive_label=None,
    algorithm="linear",
    decision={},
    output={"name": "scores"},
    classes=("a", "b"),
)


def test_a_champion_of_the_same_table_is_comparable() -> None:
    assert list(differences(CONTRACT, USE_CASE)) == []
    more = replace(USE_CASE, columns=(*USE_CASE.columns, Column("new", "number")))
    assert list(differences(CONTRACT, more)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": (Column("plan", "category"),)}, "column age is gone"),
        (
            {"columns": (Column("age", "datetime"), Column("plan", "category"))},
            "column age was a number when it was trained and is a datetime now",
        ),
        ({"target": "type"}, "its target is kind and not type"),
        ({"problem": "binary"}, "its problem is multiclass and not binary"),
        ({"positive_label": "yes"}, "its positive label is None and not 'yes'"),
        ({"classes": ("a", "b", "c")}, "its labels are 'a', 'b' and not 'a', 'b', 'c'"),
    ],
)
def test_what_makes_its_outputs_mean_something_else_is_said(change: dict[str, Any], words: str) -> None:
    assert list(differences(CONTRACT, replace(USE_CASE, **change))) == [words]
