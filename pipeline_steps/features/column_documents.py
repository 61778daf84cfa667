"""Columns as `contract.json` has them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from pipeline_steps.features.boolean_column import BooleanColumn
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn, NumberColumn
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.features.ngrams import Ngrams
from pipeline_steps.features.text_column import TextColumn
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.use_case import Kind


def column_from_document(entry: Mapping[str, Any]) -> FeatureColumn:
    """Read what a column's `to_document` made.

    Raises:
        ValueError: the kind is none of the five.
    """
    name, missing = entry["name"], bool(entry["missing"])
    match entry["kind"]:
        case "number":
            return NumberColumn(name, float(entry["min"]), float(entry["max"]), missing)
        case "datetime":
            low, high = float(entry["min"]), float(entry["max"])
            return DatetimeColumn(name, low, high, missing, str(entry["format"]), bool(entry["times"]))
        case "text":
            ngrams = Ngrams(**{each.name: entry[each.name] for each in fields(Ngrams)})
            return TextColumn(name, float(entry["min"]), float(entry["max"]), missing, ngrams)
        case "boolean":
            return BooleanColumn(name, missing=missing)
        case "category":
            accepts_unknown = entry["unknown"] == "other"
            return CategoryColumn(name, tuple(entry["categories"]), int(entry["other_code"]), accepts_unknown, missing)
    raise ValueError(f"a column's kind must be {', '.join(get_args(Kind))}, got {quoted(entry['kind'])}")
