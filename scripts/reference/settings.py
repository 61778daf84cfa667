"""The settings: every key of the TOML files with its type, default, bounds and meaning, from the pydantic types."""

import ast
import inspect
import itertools
import json
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from scripts.reference.table import table
from slipway.settings import Delivery, Settings
from slipway.settings.section import Section

_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "{} characters at least",
    "maxLength": "{} characters at most",
    "minItems": "{} at least",
    "maxItems": "{} at most",
    "minProperties": "{} at least",
    "pattern": "matches `{}`",
}
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "method": "a method's name, or a table of it and its options",
    "methods": "table: the options of each method, by its name",
}


@dataclass(frozen=True)
class Key:
    """One key: where it stands, and what the page says of it."""

    path: str
    kind: str
    default: str
    bounds: str
    meaning: str


def settings_page() -> str:
    """All tables of a use case's TOML file."""
    return _page(Settings)


def delivery_page() -> str:
    """All tables of `delivery.toml`."""
    return _page(Delivery)


def _page(root: type[Section]) -> str:
    paths: dict[type[Section], list[str]] = {}
    for path, section in sections(root):
        paths.setdefault(section, []).append(path)
    parts = []
    for section, (path, *others) in paths.items():
        heading = f"## `{path}`{_kind_of(section)}\n\n" if path else "## Top level\n\n"
        also = f"The same keys: {', '.join(f'`{other}`' for other in others)}.\n\n" if others else ""
        rows = [(f"`{key.path}`", key.kind, key.default, key.bounds, key.meaning) for key in keys(section)]
        body = table(("key", "type", "default", "allowed", "meaning"), rows)
        parts.append(heading + _summary(section) + also + body)
    return "\n".join(parts)


def _kind_of(section: type[Section]) -> str:
    """Of several tables under one name: which value of `type` makes one this."""
    field = section.model_fields.get("type")
    chosen = typing.get_args(field.annotation) if field and field.is_required() else ()
    return f" of type {chosen[0]}" if len(chosen) == 1 else ""


def sections(root: type[Section], path: str = "") -> Iterator[tuple[str, type[Section]]]:
    """`root` and every section below it, with the header of its TOML table."""
    yield path, root
    for name, field in root.model_fields.items():
        for below, many in _sections_in(field.annotation):
            inner = f"{path.strip('[]')}.{name}".lstrip(".") + (".NAME" if many == "named" else "")
            yield from sections(below, f"[[{inner}]]" if many == "listed" else f"[{inner}]")


def _sections_in(annotation: Any, many: str = "") -> Iterator[tuple[type[Section], str]]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation, many
    elif origin is typing.Annotated:
        yield from _sections_in(arguments[0], many)
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from _sections_in(argument, many)
    elif origin is tuple:
        yield from _sections_in(arguments[0], "listed")
    elif origin is dict:
        yield from _sections_in(arguments[1], "named")


def keys(section: type[Section]) -> Iterator[Key]:
    """The keys of one section that hold values; those that hold tables have sections of their own."""
    schema = section.model_json_schema()
    meanings = _meanings(section)
    for name, field in section.model_fields.items():
        if any(True for _ in _sections_in(field.annotation)):
            continue
        found = schema["properties"][name]
        yield Key(
            path=name,
            kind=_kind(found, schema.get("$defs", {})),
            default=_default(field.get_default(call_default_factory=True)),
            bounds=", ".join(_bounds(found)),
            meaning=meanings.get(name, ""),
        )


def _kind(schema: Mapping[str, Any], defined: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(choice, defined) for choice in schema["anyOf"] if choice.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list: {_kind(schema['items'], defined)}"
    if schema.get("type") == "object":
        return f"table: {_kind(_values(schema), defined)} by name"
    return _TYPES[schema["type"]]


def _bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    for choice in schema.get("anyOf", [schema]):
        if closed := {"minimum", "maximum"} <= choice.keys():
            yield f"{choice['minimum']}..{choice['maximum']}"
        for name, text in _BOUNDS.items():
            if closed and name in ("minimum", "maximum"):
                continue
            if name in choice:
                yield text.format(choice[name])
        if choice.get("type") in ("array", "object"):
            inner = choice["items"] if choice["type"] == "array" else _values(choice)
            yield from (f"each: {text}" for text in _bounds(inner))


def _values(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the values of a table are: JSON Schema has them below their keys' pattern where the keys have one."""
    (found,) = schema.get("patternProperties", {"": schema.get("additionalProperties")}).values()
    return dict(found)


def _default(value: object) -> str:
    if value is PydanticUndefined:
        return "must be given"
    if value is None:
        return "none"
    return f"`{json.dumps(value)}`"


def _summary(section: type[Section]) -> str:
    text = inspect.cleandoc(section.__doc__ or "")
    return f"{text}\n\n" if text else ""


def _meanings(section: type[Section]) -> dict[str, str]:
    """The docstring below each key."""
    inherited = next((_meanings(parent) for parent in section.__bases__ if parent is not Section), {})
    lines = next(node.body for node in ast.parse(inspect.getsource(section)).body if isinstance(node, ast.ClassDef))
    return inherited | {
        key.target.id: " ".join(text.value.value.split())
        for key, text in itertools.pairwise(lines)
        if isinstance(key, ast.AnnAssign)
        and isinstance(key.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
