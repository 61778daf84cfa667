"""Values and botocore's shapes: what a request may contain, and how a response is written."""

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_SIZED = ("string", "blob")
_CATEGORY = re.compile(r"\\p\{([A-Z])\}")
_OF_CATEGORIES = re.compile(rf"\(?\[((?:{_CATEGORY.pattern})+)(?P<others>.*)\](?:[*+]|\{{0,1024\}})\)?.*")
"""A Java class by Unicode's categories, which Python's expressions do not know: names and tags are such."""
_JAVA = {
    r"[\p{Print}]": r"[\x20-\x7e]",
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{Print}": r"[\x20-\x7e]",
    r"\p{Alnum}": "A-Za-z0-9",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",
    r"\z": r"\Z",
}
"""What botocore's patterns have of Java's that Python's expressions have not, and the same for Python."""
_NUMBERS = ("integer", "long", "float", "double")


def violations(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Each constraint of `shape` that `value` breaks, in AWS's words."""
    match shape:
        case StructureShape():
            yield from _structure_violations(value, shape, path)
        case ListShape():
            if not isinstance(value, Sequence) or isinstance(value, str):
                yield _said(value, path, "Member must be a list")
                return
            yield from _size_violations(value, len(value), shape, path)
            for number, item in enumerate(value, 1):
                yield from violations(item, shape.member, f"{path}.{number}.member")
        case MapShape():
            if not isinstance(value, Mapping):
                yield _said(value, path, "Member must be a map")
                return
            yield from _size_violations(value, len(value), shape, path)
            for key, item in value.items():
                yield from violations(key, shape.key, f"{path}.{key}.key")
                yield from violations(item, shape.value, f"{path}.{key}.member")
        case _:
            yield from _scalar_violations(value, shape, path)


def _structure_violations(value: Any, shape: StructureShape, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _said(value, path, "Member must be a structure")
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield _said(None, _below(path, name), "Member must not be null")
    for name, item in value.items():
        if name not in shape.members:
            allowed = ", ".join(shape.members)
            yield f"Unknown parameter at '{_below(path, name)}': must be one of {allowed}"
        elif item is not None:
            yield from violations(item, shape.members[name], _below(path, name))


def _scalar_violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if not _has_type(value, shape.type_name):
        yield _said(value, path, f"Member must be of type {shape.type_name}")
        return
    if shape.type_name in _SIZED:
        yield from _size_violations(value, len(value), shape, path)
        allowed = shape.metadata.get("enum")
        if allowed and value not in allowed:
            yield _said(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            yield _said(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    elif shape.type_name in _NUMBERS:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and value < low:
            yield _said(value, path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            yield _said(value, path, f"Member must have value less than or equal to {high}")


def _has_type(value: Any, type_name: str) -> bool:
    if type_name == "boolean":
        return isinstance(value, bool)
    if type_name in ("integer", "long"):
        return isinstance(value, int) and not isinstance(value, bool)
    if type_name in ("float", "double"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if type_name == "timestamp":
        return isinstance(value, (int, float, str)) and not isinstance(value, bool)
    return isinstance(value, str)


def _size_violations(value: Any, size: int, shape: Shape, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _said(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and size > high:
        yield _said(value, path, f"Member must have length less than or equal to {high}")


def _matches(pattern: str, text: str) -> bool:
    if found := _OF_CATEGORIES.fullmatch(pattern):
        categories = set(_CATEGORY.findall(found[1]))
        others = re.compile(f"[{found['others']}]") if found["others"] else None
        return all(unicodedata.category(sign)[0] in categories or (others and others.match(sign)) for sign in text)
    return _compiled(pattern).fullmatch(text) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _said(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _below(path: str, name: str) -> str:
    inner = name[:1].lower() + name[1:]
    return f"{path}.{inner}" if path else inner


def answer(value: Any, shape: Shape | None) -> Any:
    """`value` as the wire has it: only members of the shape, no nulls, times as epoch seconds."""
    match shape:
        case StructureShape():
            members = {name: value.get(name) for name in shape.members}
            return {name: answer(item, shape.members[name]) for name, item in members.items() if item is not None}
        case ListShape():
            return [answer(item, shape.member) for item in value]
        case MapShape():
            return {key: answer(item, shape.value) for key, item in value.items()}
    return value.timestamp() if isinstance(value, dt.datetime) else value


def coerced(value: Any, shape: Shape | None) -> Any:
    """`value` with the types of `shape`: a template may have any scalar as a string."""
    match shape:
        case StructureShape() if isinstance(value, Mapping):
            return {name: coerced(item, shape.members.get(name)) for name, item in value.items()}
        case ListShape() if isinstance(value, list):
            return [coerced(item, shape.member) for item in value]
        case MapShape() if isinstance(value, Mapping):
            return {key: coerced(item, shape.value) for key, item in value.items()}
        case Shape() if isinstance(value, (str, int, float)):
            return _coerced_scalar(value, shape.type_name)
    return value


def _coerced_scalar(value: str | float, type_name: str) -> Any:
    if type_name == "string":
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str):
        if type_name == "boolean" and value in ("true", "false"):
            return value == "true"
        try:
            if type_name in ("integer", "long"):
                return int(value)
            if type_name in ("float", "double"):
                return float(value)
        except ValueError:
            return value
    return value
