"""What CloudWatch refuses in an alarm's Metrics."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"(?<![\w.])([A-Za-z]\w*)(?!\w)(\s*\()?")
_NOT_IN_ALARMS = ("SEARCH", "SERVICE_QUOTA")
_OPERATORS = ("AND", "OR", "REPEAT", "LINEAR")
_CLOSED_BY = {"(": ")", "[": "]"}
_MOST_EACH = 10
_INSTEAD = ("Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")


IsUnknown = Callable[[Any], bool]


def query_errors(description: Mapping[str, Any], *, is_unknown: IsUnknown = lambda _: False) -> Iterator[str]:
    """Everything that is wrong with the queries of one alarm; nothing where it has none.

    Args:
        description: the alarm, as PutMetricAlarm takes it.
        is_unknown: whether a value is known to the deployment alone, and so not checked.
    """
    queries: Sequence[Mapping[str, Any]] = description.get("Metrics") or ()
    if not queries:
        return
    if beside := [key for key in _INSTEAD if description.get(key)]:
        yield f"Metrics must be given without {', '.join(beside)}, got both"
    ids = [query.get("Id") for query in queries]
    for id_ in ids:
        if not isinstance(id_, str) or not (_ID.fullmatch(id_) or is_unknown(id_)):
            yield f"Id must begin with a small letter and have letters, digits and _, got {id_}"
    if len({str(id_) for id_ in ids}) < len(ids):
        yield f"Id must be unique, got {', '.join(map(str, ids))}"
    for key in ("MetricStat", "Expression"):
        if (count := sum(bool(query.get(key)) for query in queries)) > _MOST_EACH:
            yield f"Metrics must have at most {_MOST_EACH} with {key}, got {count}"
    for query in queries:
        yield from _of_query(query, ids, is_unknown)


def _of_query(query: Mapping[str, Any], ids: Sequence[Any], is_unknown: IsUnknown) -> Iterator[str]:
    id_, expression = query.get("Id"), query.get("Expression")
    if bool(expression) == bool(query.get("MetricStat")):
        yield f"{id_} must have either Expression or MetricStat, got {'both' if expression else 'none'}"
    if not isinstance(expression, str) or is_unknown(expression):
        return
    bare = _TEXT.sub("", expression)
    if not _is_closed(bare):
        yield f"Expression of {id_} must close every parenthesis, got {expression}"
    for word, call in _WORD.findall(bare):
        if word in _NOT_IN_ALARMS:
            yield f"Expression of an alarm must not use {word}, got {expression}"
        elif not call and word not in _OPERATORS and word not in ids:
            yield f"Expression of {id_} must name queries of the alarm, got {word}"


def _is_closed(expression: str) -> bool:
    opened: list[str] = []
    for sign in expression:
        if sign in _CLOSED_BY:
            opened.append(_CLOSED_BY[sign])
        elif sign in _CLOSED_BY.values() and (not opened or opened.pop() != sign):
            return False
    return not opened
