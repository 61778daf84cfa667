"""What a model is fitted on: the contract's columns and the buckets of texts, with the parts of dates beside them."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from pipeline_steps.features.columns import CategoryColumn, FeatureColumn
from pipeline_steps.features.date_parts import PARTS, DateGraph
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.features.layout import buckets_of, encoded_names, width_of
from pipeline_steps.graphs.tensor_names import INPUT
from pipeline_steps.graphs.writer import in_front, rows_info

_Features = NDArray[np.float32]

_ENCODED, _PREPARED = "dates/encoded", "dates/features"
_OPSET = 17
_IR_VERSION = 8


class ModelInput:
    """The matrix that an algorithm fits, and the nodes in front of its graph that make it of a request's cells.

    Training makes its matrix by those very nodes. Without a datetime column the matrix is the contract's own.
    """

    def __init__(self, columns: Sequence[FeatureColumn]) -> None:
        self._columns = tuple(columns)
        self._dates = [place for place, column in enumerate(columns) if isinstance(column, DatetimeColumn)]
        self._with_times = [
            place for place, column in enumerate(columns) if isinstance(column, DatetimeColumn) and column.times
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the matrix's columns: the contract's, the buckets of texts, then each part of every date."""
        parts = [f"{self._columns[place].name}: {part}" for part in PARTS for place in self._dates]
        hours = [f"{self._columns[place].name}: hour" for place in self._with_times]
        return (*encoded_names(self._columns), *parts, *hours)

    @property
    def is_category(self) -> tuple[bool, ...]:
        """Of each column of the matrix, whether it holds codes; months and weekdays are codes from 0 on."""
        own = [isinstance(column, CategoryColumn) for column in self._columns]
        parts = [part in {"month", "weekday"} for part in PARTS for _ in self._dates]
        return (*own, *(False for _ in self._buckets), *parts, *(False for _ in self._with_times))

    @property
    def sources(self) -> tuple[int, ...]:
        """Of each column of the matrix, the place of the contract's column that it is made of."""
        parts = (place for _ in PARTS for place in self._dates)
        return (*range(len(self._columns)), *self._buckets, *parts, *self._with_times)

    @property
    def encoded(self) -> int:
        """The number of floats of encoded rows; the parts of dates are behind them."""
        return width_of(self._columns)

    @property
    def _buckets(self) -> list[int]:
        """Of each bucket, the place of its text."""
        return [place for place, its in buckets_of(self._columns).items() for _ in range(its.start, its.stop)]

    def matrix(self, features: _Features) -> _Features:
        """Make the matrix of encoded rows, float32 [rows, columns]."""
        if not self._dates:
            return features
        made: _Features = self._session.run([_PREPARED], {_ENCODED: features})[0]
        return made

    def prepend(self, graph: bytes) -> bytes:
        """Put the nodes in front of a model's graph, which takes the matrix; the result takes encoded rows."""
        if not self._dates:
            return graph
        nodes, constants = self._prologue(INPUT)
        return in_front(graph, nodes, constants, prepared=_PREPARED, columns=self.encoded)

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        nodes, constants = self._prologue(_ENCODED)
        graph = helper.make_graph(
            nodes,
            "dates",
            [rows_info(_ENCODED, self.encoded)],
            [rows_info(_PREPARED, len(self.names))],
            constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def _prologue(self, encoded: str) -> tuple[list[NodeProto], list[TensorProto]]:
        places, days = "dates/places", "dates/days"
        nodes = [helper.make_node("Gather", [encoded, places], [days], axis=1)]
        constants = [numpy_helper.from_array(np.array(self._dates, dtype=np.int64), places)]
        made = DateGraph(days)
        parts = [encoded, *made.parts()]
        if self._with_times:
            hours, timed = "dates/hours", "dates/timed"
            among = np.array([self._dates.index(place) for place in self._with_times], dtype=np.int64)
            constants.append(numpy_helper.from_array(among, timed))
            gather = helper.make_node("Gather", [made.hour(), timed], [hours], axis=1)
            parts.append(hours)
            made.nodes.append(gather)
        joined = helper.make_node("Concat", parts, [_PREPARED], axis=1)
        return [*nodes, *made.nodes, joined], [*constants, *made.constants]
