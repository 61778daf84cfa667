"""The columns that a recipe starts from: the contract's, the buckets of texts, and the parts of dates."""

from collections.abc import Sequence

from pipeline_steps.features.columns import CategoryColumn, FeatureColumn
from pipeline_steps.features.method import Feature
from pipeline_steps.features.model_input import ModelInput

_MONTHS = "January February March April May June July August September October November December"
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_LABELS = {"month": tuple(_MONTHS.split()), "weekday": tuple(_WEEKDAYS.split())}


def table_features(columns: Sequence[FeatureColumn], prepared: ModelInput) -> tuple[Feature, ...]:
    """Describe each column of the matrix that the contract's columns and their dates' parts make."""
    return tuple(
        _bucket(name, columns[source])
        if len(columns) <= place < prepared.encoded
        else _feature(name, columns[source], is_part=place >= len(columns))
        for place, (name, source) in enumerate(zip(prepared.names, prepared.sources, strict=True))
    )


def part_label(name: str, code: float) -> str | None:
    """The name of a date part's code, such as January; None where the column `name` is no such part."""
    labels = _LABELS.get(name.rpartition(": ")[2], ())
    return labels[int(code)] if 0 <= code < len(labels) else None


def _bucket(name: str, column: FeatureColumn) -> Feature:
    return Feature(name, (column.name,), trend=0, text=column.name)


def _feature(name: str, column: FeatureColumn, *, is_part: bool) -> Feature:
    if is_part:
        labels = _LABELS.get(name.rpartition(": ")[2], ())
        return Feature(name, (name,), labels=labels, is_category=bool(labels), trend=0 if labels else 1)
    if isinstance(column, CategoryColumn):
        texts = list(column.categories)
        texts.insert(column.other_code, "other")
        return Feature(name, (column.name,), labels=tuple(texts), is_category=True, trend=0)
    return Feature(name, (column.name,))
