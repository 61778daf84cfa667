"""The contract of a model with its callers: columns, types, categories, and the meaning of the output."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import DataError, StepError
from pipeline_steps.features.column_documents import column_from_document
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn
from pipeline_steps.features.layout import texts_of, width_of
from pipeline_steps.features.text_column import TextColumn
from pipeline_steps.problems.problem import Problem, Responder
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.near_matches import folded

if TYPE_CHECKING:  # the server encodes no table, and should not wait for pandas
    import pandas as pd

MAX_PAYLOAD_ROWS = 10_000
MAX_PAYLOAD_BYTES = 25 * 1024 * 1024
"""SageMaker's limit of a real-time request, see `slipway/settings/limits.py`, which is not in this image."""

_CELL_CHARACTERS = 128
"""A number, quotes, separators and the blanks of an indented document."""
_UNKNOWN_CHARACTERS = 256
"""Of a category that training has not seen."""
_UNITS_A_CHARACTER = 2
"""Of UTF-16, at most."""
_ESCAPED = 6
"""What JSON may write for one UTF-16 unit of a text."""
_BESIDE_ROWS = 4096
_VERSION, _VERSION_WITH_TEXTS = 2, 3
"""A server that knows no texts refuses those of version 3; contracts without a text are of version 2 as before."""


@dataclass(frozen=True)
class Contract:
    """The model takes `features`, float32 [rows, width], and gives the tensor that `output` names and explains.

    Attributes:
        columns: in the order of the model's input; behind their floats are the buckets of each text.
        problem_name: of the problem, as settings have it.
        target: the column that is predicted; None where the problem has none.
        positive_label: the target's value that is positive; None where the problem has none.
        classes: the target's labels in the order of the output; empty where it has none.
        decision: how outputs become labels.
        output: its name, and its meaning, which must not change under callers.
        algorithm: that fitted the model.
        max_payload_rows: of one request.
    """

    columns: tuple[FeatureColumn, ...]
    problem_name: str
    target: str | None
    positive_label: str | None
    algorithm: str
    decision: Mapping[str, Any]
    output: Mapping[str, Any]
    classes: tuple[str, ...] = ()
    max_payload_rows: int = MAX_PAYLOAD_ROWS

    @cached_property
    def problem(self) -> Problem:
        return problem_named(self.problem_name)

    @cached_property
    def responder(self) -> Responder:
        """What writes this model's responses, and reads them."""
        return self.problem.responder(self.classes, self.decision)

    @cached_property
    def _folded_names(self) -> frozenset[str]:
        names = [column.name for column in self.columns]
        return frozenset(map(folded, names if self.target is None else [*names, self.target]))

    @property
    def width(self) -> int:
        """Of the model's input."""
        return width_of(self.columns)

    @cached_property
    def texts(self) -> Mapping[int, TextColumn]:
        """The columns of texts, by their places."""
        return texts_of(self.columns)

    def names_column(self, text: str) -> bool:
        """Whether `text` is the name of a column or of the target, in any case and spacing."""
        return folded(text) in self._folded_names

    @cached_property
    def longest_row(self) -> int:
        """Characters that a request may need for one row, as an indented JSON object with every letter escaped."""
        return sum(_longest_cell(column) for column in self.columns) + _CELL_CHARACTERS

    @cached_property
    def max_payload_bytes(self) -> int:
        """What `max_payload_rows` rows may need, at most SageMaker's own limit."""
        return min(MAX_PAYLOAD_BYTES, self.max_payload_rows * self.longest_row + _BESIDE_ROWS)

    def encode(self, table: "pd.DataFrame") -> NDArray[np.float32]:
        """Encode a whole table, leniently: its values are data to evaluate a model on, not a request to refuse.

        Raises:
            DataError: the table lacks a column.
        """
        return encode_table(self.columns, table)

    def to_document(self) -> dict[str, Any]:
        """The content of `contract.json`."""
        return {
            "version": _VERSION_WITH_TEXTS if self.texts else _VERSION,
            "problem": self.problem_name,
            "columns": [column.to_document() for column in self.columns],
            "target": self.target,
            "positive_label": self.positive_label,
            "classes": self.classes,
            "decision": self.decision,
            "output": self.output,
            "algorithm": self.algorithm,
            "max_payload_rows": self.max_payload_rows,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_document` made.

        Raises:
            StepError: the document is no contract of a known version.
        """
        if document.get("version") == 1:
            document = _second_version(document)
        if document.get("version") not in (_VERSION, _VERSION_WITH_TEXTS):
            raise StepError(f"contract.json must be of version 1, 2 or 3, got {document.get('version')}")
        try:
            return cls(
                columns=tuple(column_from_document(entry) for entry in document["columns"]),
                problem_name=problem_named(str(document["problem"])).name,
                target=document["target"],
                positive_label=document["positive_label"],
                classes=tuple(map(str, document["classes"])),
                decision=dict(document["decision"]),
                output=dict(document["output"]),
                algorithm=str(document["algorithm"]),
                max_payload_rows=int(document["max_payload_rows"]),
            )
        except KeyError as exc:
            raise StepError(f"contract.json must hold {exc}, which is absent") from exc
        except (TypeError, ValueError) as exc:
            raise StepError(f"contract.json is no contract: {exc}") from exc


def _second_version(document: Mapping[str, Any]) -> dict[str, Any]:
    """Read a contract of version 1: of a binary model, its threshold with the output."""
    try:
        output = dict(document["output"])
        decision = {"threshold": float(output.pop("threshold"))}
    except KeyError as exc:
        raise StepError(f"contract.json must hold {exc}, which is absent") from exc
    except (TypeError, ValueError) as exc:
        raise StepError(f"contract.json is no contract: {exc}") from exc
    return {**document, "version": _VERSION, "problem": "binary", "classes": (), "decision": decision, "output": output}


def _longest_cell(column: FeatureColumn) -> int:
    longest = 0
    if isinstance(column, CategoryColumn):
        unknown = _UNKNOWN_CHARACTERS if column.accepts_unknown else 0
        longest = max(map(_utf16_units, column.categories), default=0)
        longest = max(longest, unknown)
    if isinstance(column, TextColumn):
        longest = _UNITS_A_CHARACTER * column.ngrams.characters
    return _CELL_CHARACTERS + _ESCAPED * (_utf16_units(column.name) + longest)


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def encode_table(columns: tuple[FeatureColumn, ...], table: "pd.DataFrame") -> NDArray[np.float32]:
    """Make the model's input of a table: a column each, in the contract's order, then the buckets of each text.

    Raises:
        DataError: the table lacks a column.
    """
    if absent := [column.name for column in columns if column.name not in table.columns]:
        raise DataError(f"the model needs columns that the table lacks: {', '.join(absent)}")
    encoded = [column.encode_values(table[column.name].to_numpy()) for column in columns]
    counts = [column.counts(table[column.name].tolist()) for column in texts_of(columns).values()]
    return np.ascontiguousarray(np.column_stack([*encoded, *counts]), dtype=np.float32)
