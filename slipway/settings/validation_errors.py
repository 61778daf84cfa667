"""What is wrong with a document of settings, in our words: a line each with the key, what is allowed, and the value."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from slipway.readable import in_a_line
from slipway.rounding import counted
from slipway.settings.section import ALLOWED_TEXTS

_LONGEST_VALUE = 80
_MUST: Mapping[str, str] = {
    "bool_type": "be true or false",
    "int_type": "be a whole number",
    "int_from_float": "be a whole number",
    "float_type": "be a number",
    "finite_number": "be a finite number",
    "date_type": "be a date",
    "string_type": "be a text in quotes",
    "tuple_type": "be a list",
    "dict_type": "be a table",
    "model_type": "be a table",
    "model_attributes_type": "be a table",
    "literal_error": "be {expected}",
    "greater_than_equal": "be at least {ge}",
    "greater_than": "be above {gt}",
    "less_than_equal": "be at most {le}",
    "less_than": "be below {lt}",
    "union_tag_invalid": "have a type of {expected_tags}",
    "union_tag_not_found": "have a type",
}
"""What a value must be or have, by the type of pydantic's error."""
_LENGTHS: Mapping[str, tuple[str, str, str, str]] = {
    "string_too_short": ("least", "min_length", "character", "characters"),
    "string_too_long": ("most", "max_length", "character", "characters"),
    "too_short": ("least", "min_length", "entry", "entries"),
    "too_long": ("most", "max_length", "entry", "entries"),
}
"""Of a value's length: the bound, its name in pydantic's error, and what is counted."""


def error_lines(
    exc: ValidationError,
    document: Mapping[str, Any],
    model: type[BaseModel],
    *,
    source: str,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Say each error of `document`; `renamed` has keys of earlier versions, and their names today."""
    for error in exc.errors():
        keys = _keys(document, error)
        where = ".".join(map(in_a_line, map(str, keys)))
        if error["type"] == "missing":
            yield f"{source}: {where} is missing"
        elif error["type"] == "extra_forbidden":
            new = renamed.get(where)
            yield f"{source}: {where} " + (f"was renamed: use {new}" if new else _unknown(model, keys))
        else:
            for what in _what(error).splitlines():
                # What several sections say together names its keys itself.
                yield f"{source}: {where}: {what}" if where else f"{source}: {what}"


def _keys(document: Mapping[str, Any], error: ErrorDetails) -> list[str | int]:
    """The keys of the document on the way to the value: the others that pydantic names are its own."""
    found: list[str | int] = []
    value: Any = document
    for part in error["loc"]:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            continue
        found.append(part)
    return [*found, error["loc"][-1]] if error["type"] == "missing" else found


def _what(error: ErrorDetails) -> str:
    value, kind = error["input"], error["type"]
    if kind == "value_error":
        got = "" if isinstance(value, Mapping | BaseModel) else f", got {_shown(value)}"
        return "\n".join(f"{line}{got}" for line in error["msg"].removeprefix("Value error, ").splitlines())
    context = error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        must = f"be {ALLOWED_TEXTS[context['pattern']]}"
    elif kind in _MUST:
        must = _MUST[kind].format_map(context)
    elif kind in _LENGTHS:
        bound, name, one, several = _LENGTHS[kind]
        must = f"have at {bound} {counted(context[name], one, several)}"
    else:
        must = error["msg"].removeprefix("Input should ")
    return f"must {must}, got {_shown(value)}"


def _shown(value: Any) -> str:
    """Write a value about as TOML does, cut where it is long."""
    if isinstance(value, bool | date):
        return str(value).lower()
    if isinstance(value, Mapping):
        text = f"a table of {', '.join(map(in_a_line, map(str, value)))}" if value else "an empty table"
    else:
        text = repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _unknown(model: type[BaseModel], keys: Sequence[str | int]) -> str:
    """Name the key that was probably meant, or else all that there are."""
    sections = [model]
    for key in keys[:-1]:  # the key of a table with any keys, or a place in a list, leads to no other section
        inner = [field.annotation for section in sections if (field := section.model_fields.get(str(key)))]
        sections = [found for annotation in inner for found in _sections(annotation)] or sections
    known = sorted({name for section in sections for name in section.model_fields})
    near = get_close_matches(str(keys[-1]), known, n=1)
    return f"is not a known key: {'did you mean ' + near[0] + '?' if near else 'use ' + ', '.join(known)}"


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections(inner)
