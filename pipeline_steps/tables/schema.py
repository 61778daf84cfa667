"""Which columns a table has, in which order, and what the target means."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, cast, get_args

from pipeline_steps.arguments import StepParser
from pipeline_steps.errors import ArgumentError, StepError
from pipeline_steps.tables.cells import quoted

Kind = Literal["number", "category"]


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind


@dataclass(frozen=True)
class Schema:
    """Feature columns in their order, the target, and the target's value that counts as positive."""

    columns: tuple[Column, ...]
    target: str
    positive_label: str

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def to_document(self) -> dict[str, Any]:
        """The content of `schema.json`."""
        return {
            "version": 1,
            "columns": [{"name": column.name, "kind": column.kind} for column in self.columns],
            "target": self.target,
            "positive_label": self.positive_label,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_document` made.

        Raises:
            StepError: the document is no schema.
        """
        try:
            columns = tuple(Column(str(entry["name"]), cast("Kind", entry["kind"])) for entry in document["columns"])
            schema = cls(columns, str(document["target"]), str(document["positive_label"]))
        except (KeyError, TypeError) as exc:
            raise StepError(f"schema.json must hold columns, target and positive_label, lacks {exc}") from exc
        if wrong := [column.kind for column in columns if column.kind not in get_args(Kind)]:
            raise StepError(f"a column's kind must be one of {', '.join(get_args(Kind))}, got {wrong[0]}")
        return schema


class _AppendColumns(argparse.Action):
    """Collect comma-joined names in the order of the command line, whatever their kind."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        kind = cast("Kind", (option_string or "").removeprefix("--"))
        if not all(names := str(values).split(",")):
            parser.error(f"{option_string} must hold comma-separated column names, got {values!r}")
        namespace.columns = [*namespace.columns, *(Column(name, kind) for name in names)]


def add_schema_arguments(parser: StepParser) -> None:
    """Add `--target`, `--positive-label`, and the columns, by flags that can be repeated.

    `--number` and `--category` take names. `--columns` takes the pieces of one text, cut anywhere, for tables that are
    too wide for these: `nvisits,cmonth`, the first letter of each kind before the name.
    """
    parser.set_defaults(columns=[])
    parser.add_argument("--target", required=True)
    parser.add_argument("--positive-label", required=True)
    for flag in ("--number", "--category"):
        parser.add_argument(flag, action=_AppendColumns, metavar="NAME,NAME", dest="columns")
    parser.add_argument("--columns", action="append", default=[], metavar="PIECE", dest="pieces")


def schema_from_arguments(arguments: argparse.Namespace) -> Schema:
    """Make the schema that the flags of `add_schema_arguments` describe.

    Raises:
        ArgumentError: no column, a column twice, or the target among the features.
    """
    columns = (*arguments.columns, *_lettered("".join(arguments.pieces)))
    names = [column.name for column in columns]
    if not columns:
        raise ArgumentError("--number, --category or --columns must name at least one column, got none")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ArgumentError(f"a column must be named once, got twice: {', '.join(map(quoted, twice))}")
    if arguments.target in names:
        raise ArgumentError(f"--target must not be a feature column, got {arguments.target}")
    return Schema(columns, arguments.target, arguments.positive_label)


def _lettered(text: str) -> Iterator[Column]:
    kinds: dict[str, Kind] = {kind[0]: kind for kind in get_args(Kind)}
    for entry in text.split(",") if text else ():
        if len(entry) < len("nX") or entry[0] not in kinds:
            raise ArgumentError(
                f"--columns must hold names that {' or '.join(kinds)} stands before, got {quoted(entry)}"
            )
        yield Column(entry[1:], kinds[entry[0]])
