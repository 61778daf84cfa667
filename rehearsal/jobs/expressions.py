"""The definition's little language: Get, Std:Join and Std:JsonGet."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Path = tuple[str | int, ...]

_OPERATORS = frozenset({"Get", "Std:Join", "Std:JsonGet"})
_TOKEN = re.compile(r"""\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")
_NAMES_IN_LISTS = ("OutputName", "InputName", "ChannelName", "Name", "Key")


class UnresolvedError(Exception):
    """A reference does not resolve; the text has which and why."""


@dataclass(frozen=True)
class Reference:
    """One `Get`: `Steps.Train.ModelArtifacts.S3ModelArtifacts` is ("Steps", "Train", …)."""

    text: str
    path: Path


@dataclass(frozen=True)
class PropertyFileReference:
    """The file a `Std:JsonGet` reads from."""

    step: str
    name: str


class Scope(Protocol):
    """Where values come from while a pipeline runs."""

    def get(self, reference: Reference) -> Any: ...

    def property_file(self, reference: PropertyFileReference) -> Any:
        """The parsed JSON of the file."""

    def s3_json(self, uri: str) -> Any:
        """The parsed JSON of an S3 object."""


def parse_path(text: str) -> Path:
    """Split `A.B[0]['c']` into its parts.

    Raises:
        UnresolvedError: that is no path.
    """
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or (position == 0 and text[0] == "."):
            raise UnresolvedError(f"path must look like A.B[0]['c'], got {text}")
        name, index, single, double = match.groups()
        parts.append(int(index) if index is not None else next(x for x in (name, single, double) if x is not None))
        position = match.end()
    return tuple(parts)


def is_expression(value: object) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _OPERATORS


def property_file_reference(value: object) -> PropertyFileReference:
    """Read the PropertyFile of a Std:JsonGet.

    Raises:
        UnresolvedError: it does not name a step's property file.
    """
    match value:
        case {"Get": str(text)}:
            match parse_path(text):
                case ("Steps", str(step), "PropertyFiles", str(name)):
                    return PropertyFileReference(step, name)
    raise UnresolvedError(f'PropertyFile must be {{"Get": "Steps.<step>.PropertyFiles.<file>"}}, got {value}')


def references(value: Any) -> Iterator[Reference | PropertyFileReference]:
    """Everything `value` refers to, however deep."""
    if isinstance(value, Mapping):
        match value:
            case {"Get": str(text)} if is_expression(value):
                yield Reference(text, parse_path(text))
            case {"Std:JsonGet": {"PropertyFile": file}}:
                yield property_file_reference(file)
            case _:
                for each in value.values():
                    yield from references(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from references(each)


def resolve(value: Any, scope: Scope) -> Any:
    """`value` with every expression in it replaced by what it stands for.

    Raises:
        UnresolvedError: a reference leads nowhere.
    """
    if is_expression(value):
        return _evaluate(value, scope)
    if isinstance(value, Mapping):
        return {key: resolve(each, scope) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(each, scope) for each in value]
    return value


def _evaluate(expression: Mapping[str, Any], scope: Scope) -> Any:
    match expression:
        case {"Get": str(text)}:
            return scope.get(Reference(text, parse_path(text)))
        case {"Std:Join": {"On": str(separator), "Values": list(values)}}:
            return separator.join(as_text(resolve(each, scope)) for each in values)
        case {"Std:JsonGet": {"PropertyFile": file, "Path": path}}:
            reference = property_file_reference(file)
            return _at(scope.property_file(reference), path, f"property file {reference.name} of {reference.step}")
        case {"Std:JsonGet": {"S3Uri": uri, "Path": path}}:
            where = as_text(resolve(uri, scope))
            return _at(scope.s3_json(where), path, where)
    raise UnresolvedError(f"expression must be Get, Std:Join or Std:JsonGet with its arguments, got {dict(expression)}")


def _at(document: Any, path: object, source: str) -> Any:
    if not isinstance(path, str):
        raise UnresolvedError(f"Path of Std:JsonGet must be a string, got {path}")
    value = look_up(document, parse_path(path.removeprefix("$.")), source)
    if isinstance(value, Mapping | list):
        raise UnresolvedError(
            f"{path} of {source} must be a number, a string or a truth value, got a {type(value).__name__}"
        )
    return value


def look_up(document: Any, path: Path, source: str) -> Any:
    """Follow `path` into `document`; `['x']` in a list finds the member called x, as in Outputs['train'].

    Raises:
        UnresolvedError: a part is not there; `source` is named in the text.
    """
    value = document
    for depth, part in enumerate(path):
        try:
            value = _member(value, part)
        except LookupError as exc:
            shown = ".".join(str(each) for each in path[: depth + 1])
            raise UnresolvedError(f"{source} has no {shown}") from exc
    return value


def _member(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping):
        return value[str(part)]
    if isinstance(value, list) and isinstance(part, int):
        return value[part]
    if isinstance(value, list):
        for each in value:
            if isinstance(each, Mapping) and any(each.get(key) == part for key in _NAMES_IN_LISTS):
                return each
    raise LookupError(part)


def as_text(value: Any) -> str:
    """A value as Std:Join writes it."""
    return value if isinstance(value, str) else json.dumps(value)
