"""CloudWatch's embedded metric format: log lines that bear metrics.

Source: "Specification: Embedded metric format" in the CloudWatch user guide. A line that breaks any of its rules yields
no metric at all, and stays a log line.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

_MARK = '"_aws"'
_MOST_BYTES = 1024 * 1024
_MOST_METRICS = 100
_MOST_VALUES = 100
_MOST_DIMENSIONS = 30
_LONGEST_NAME = 1024
_LONGEST_DIMENSION = 250
_OLDEST_SECONDS, _NEWEST_SECONDS = 14 * 24 * 3600, 2 * 3600
_GREATEST = 2**360
"""CloudWatch takes no value beyond it."""

_RATES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes")
_BITS = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
UNITS = frozenset(
    ["Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"]
    + [unit + per for unit in (*_RATES, *_BITS) for per in ("", "/Second")]
)


class MalformedError(ValueError):
    """The document is meant as embedded metrics and is none."""


@dataclass(frozen=True)
class Extracted:
    """MetricDatum dicts of one namespace."""

    namespace: str
    data: list[dict[str, Any]]


def embedded_metrics(message: str, *, now: float | None = None) -> list[Extracted]:
    """The metrics in one log message; none where it is no such document.

    Raises:
        MalformedError: it has the member `_aws` with CloudWatchMetrics, and breaks a rule.
    """
    text = message.strip()
    if _MARK not in text or not text.startswith("{"):
        return []
    try:
        root = json.loads(text, parse_constant=_no_number)
    except ValueError as exc:
        raise MalformedError(f"the line must be one JSON object: {exc}") from exc
    metadata = root.get("_aws")
    if not isinstance(metadata, dict) or "CloudWatchMetrics" not in metadata:
        return []
    if len(text.encode()) > _MOST_BYTES:
        raise MalformedError(f"the line must have at most {_MOST_BYTES} bytes, got {len(text.encode())}")
    at = _timestamp(metadata.get("Timestamp"), time.time() if now is None else now)
    directives = _list(metadata["CloudWatchMetrics"], "CloudWatchMetrics")
    return [_extracted(directive, root, at) for directive in directives]


def _no_number(word: str) -> NoReturn:
    raise MalformedError(f"a number must be finite, got {word}")


def _timestamp(given: object, now: float) -> float:
    """Seconds; the document has milliseconds."""
    if not isinstance(given, int) or isinstance(given, bool):
        raise MalformedError(f"Timestamp must be whole milliseconds since 1970, got {given}")
    if not now - _OLDEST_SECONDS <= given / 1000 <= now + _NEWEST_SECONDS:
        raise MalformedError(f"Timestamp must be of the last two weeks or the next two hours, got {given}")
    return given / 1000


def _extracted(directive: object, root: Mapping[str, Any], at: float) -> Extracted:
    if not isinstance(directive, dict):
        raise MalformedError(f"a directive must be an object, got {directive}")
    namespace = _text(directive.get("Namespace"), "Namespace", _LONGEST_NAME)
    if namespace.startswith("AWS/"):
        raise MalformedError(f"Namespace must not begin with AWS/, got {namespace}")
    sets = [_dimensions(names, root) for names in _list(directive.get("Dimensions"), "Dimensions")]
    if not sets:
        raise MalformedError("Dimensions must have at least one set, which may be empty")
    definitions = _list(directive.get("Metrics"), "Metrics")
    if len(definitions) > _MOST_METRICS:
        raise MalformedError(f"Metrics must have at most {_MOST_METRICS} definitions, got {len(definitions)}")
    metrics = [metric for definition in definitions for metric in _metric(definition, root)]
    return Extracted(
        namespace, [{**metric, "Dimensions": each, "Timestamp": at} for each in sets for metric in metrics]
    )


def _dimensions(names: object, root: Mapping[str, Any]) -> list[dict[str, str]]:
    keys = [_text(name, "a dimension's name", _LONGEST_DIMENSION) for name in _list(names, "a dimension set")]
    if len(keys) > _MOST_DIMENSIONS:
        raise MalformedError(f"a dimension set must have at most {_MOST_DIMENSIONS} names, got {len(keys)}")
    return [{"Name": key, "Value": _text(root.get(key), f"dimension {key}", _LONGEST_NAME)} for key in keys]


def _metric(definition: object, root: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The datum, without its dimensions; an empty array of values is no datum."""
    if not isinstance(definition, dict):
        raise MalformedError(f"a metric's definition must be an object, got {definition}")
    name = _text(definition.get("Name"), "Name", _LONGEST_NAME)
    unit = definition.get("Unit", "None")
    if unit not in UNITS:
        raise MalformedError(f"Unit of {name} must be a unit of CloudWatch, got {unit}")
    resolution = definition.get("StorageResolution", 60)
    if isinstance(resolution, bool) or not isinstance(resolution, int):
        raise MalformedError(f"StorageResolution of {name} must be a whole number, got {resolution}")
    given = root.get(name)
    values = given if isinstance(given, list) else [given]
    if len(values) > _MOST_VALUES:
        raise MalformedError(f"metric {name} must have at most {_MOST_VALUES} values, got {len(values)}")
    numbers = [_number(value, name) for value in values]
    if numbers:
        kept = {"StorageResolution": 1} if resolution == 1 else {}
        yield {"MetricName": name, "Unit": unit, "Values": numbers, **kept}


def _number(value: object, name: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _GREATEST:
        return float(value)
    raise MalformedError(f"metric {name} must be a number within 2^360 or an array of such, got {value}")


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedError(f"{what} must be an array, got {value}")
    return value


def _text(value: object, what: str, longest: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise MalformedError(f"{what} must be a text of 1..{longest} characters, got {value}")
    return value
