# ruff: noqa: DTZ001 (times without a zone are UTC)
import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.features.model_input import ModelInput
from pipeline_steps.graphs.tensor_names import INPUT

SIZE = NumberColumn("size", 0, 10, missing=True)
PLAN = CategoryColumn("plan", ("a", "b"), other_code=2, accepts_unknown=True, missing=True)
SIGNUP = DatetimeColumn("signup", 0, 9000, missing=True)
CALLED = DatetimeColumn("called", 0, 9000, missing=True, times=True)
DATES = ModelInput((SIZE, SIGNUP, PLAN, CALLED))


def _row(moment: datetime) -> list[float]:
    text = moment.isoformat()
    return [1.5, SIGNUP.encode_text(text), 2.0, CALLED.encode_text(text)]


def _parts(moment: datetime) -> dict[str, float]:
    row = np.array([_row(moment)], dtype=np.float32)
    return dict(zip(DATES.names, DATES.matrix(row)[0].tolist(), strict=True))


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 30)).map(lambda moment: moment.replace(microsecond=0)))
def test_the_parts_are_the_calendars(moment: datetime) -> None:
    midnight = moment.replace(hour=0, minute=0, second=0)
    parts = _parts(midnight)
    for name in ("signup", "called"):
        assert parts[f"{name}: month"] == moment.month - 1
        assert parts[f"{name}: weekday"] == moment.weekday()
        assert parts[f"{name}: day"] == moment.day
    assert parts["called: hour"] == 0
    assert parts["signup"] == SIGNUP.encode_text(midnight.isoformat())
    assert parts["size"] == 1.5
    assert parts["plan"] == 2


@given(st.integers(0, 24 * 20_000))
def test_a_full_hour_is_that_hour(hours: int) -> None:
    moment = datetime(1990, 1, 1) + timedelta(hours=hours)
    assert _parts(moment)["called: hour"] == moment.hour


def test_a_missing_date_has_missing_parts_and_other_columns_keep_theirs() -> None:
    matrix = DATES.matrix(np.array([[1.0, math.nan, 0.0, math.nan]], dtype=np.float32))
    assert matrix[0, [0, 2]].tolist() == [1, 0]
    assert np.isnan(np.delete(matrix[0], [0, 2])).all()


def test_months_and_weekdays_are_categories_and_hours_are_made_where_times_occur() -> None:
    kinds = dict(zip(DATES.names, DATES.is_category, strict=True))
    assert [name for name, category in kinds.items() if category] == [
        "plan",
        *(f"{name}: {part}" for part in ("month", "weekday") for name in ("signup", "called")),
    ]
    assert "signup: hour" not in kinds
    assert [(SIZE, SIGNUP, PLAN, CALLED)[place].name for place in DATES.sources] == [
        name.partition(":")[0] for name in DATES.names
    ]


def _sum_graph(width: int) -> bytes:
    nodes = [helper.make_node("ReduceSum", [INPUT, "axes"], ["score"], keepdims=0)]
    graph = helper.make_graph(
        nodes,
        "sum",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None])],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )
    opsets = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def test_a_models_graph_takes_encoded_rows_and_sees_the_matrix_that_it_was_fitted_on() -> None:
    rows = np.array([_row(datetime(2026, 3, day, 14)) for day in (1, 2, 3)], dtype=np.float32)
    scorer = Scorer(DATES.prepend(_sum_graph(len(DATES.names))), "score")
    assert scorer.columns == 4
    assert scorer.score(rows).tolist() == DATES.matrix(rows).sum(axis=1).tolist()


def test_without_dates_matrix_and_graph_stay_as_they_are() -> None:
    plain = ModelInput((SIZE, PLAN))
    rows = np.ones((2, 2), dtype=np.float32)
    assert plain.matrix(rows) is rows
    assert plain.prepend(_sum_graph(2)) == _sum_graph(2)
    assert plain.names == ("size", "plan")


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01 02:00+02:00"])
def test_one_moment_is_one_number_in_every_time_zone(text: str) -> None:
    assert SIGNUP.encode_text(text) == 9556
