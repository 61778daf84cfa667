"""Pictures of one column of the profile: histogram, box plot, most frequent values, target by bin."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rehearsal.console import svg
from rehearsal.console.picture_labels import labels
from slipway.rounding import counted, rounded

_WIDTH, _BARS, _BOX, _TARGET = 176, 56, 12, 34
_ROW = 13
_VALUES = 8


def column_picture(column: Mapping[str, Any]) -> str:
    """The column's distribution, and below it what the target is in each part."""
    return _number(column) if column["kind"] in {"number", "datetime", "text"} else _category(column)


def shown_value(number: float, kind: str) -> str:
    """A number as it is, of a text its characters; or days since 2000-01-01 as a date."""
    if kind != "datetime":
        return rounded(number)
    try:
        return (date(2000, 1, 1) + timedelta(days=number)).isoformat()
    except OverflowError:
        return f"day {number:g}"


def _number(column: Mapping[str, Any]) -> str:
    edges, kind = column.get("histogram", {}).get("edges", ()), column["kind"]
    if not edges or not all(isinstance(edge, int | float) and math.isfinite(edge) for edge in edges):
        return svg.drawing(_WIDTH, _ROW, [svg.text(0, 10, "no known value")])
    low, high = float(edges[0]), float(edges[-1])
    if low == high:
        return svg.drawing(_WIDTH, _ROW, [svg.text(0, 10, f"always {shown_value(low, kind)}")])

    def place(value: float) -> float:
        return _WIDTH * (value / 2 - low / 2) / (high / 2 - low / 2)  # halves do not overflow

    heights = [math.log1p(count) for count in column["histogram"]["counts"]]
    tallest, base = max(heights) or 1, _BARS + 2
    outline = [(0.0, float(base))]
    for left, right, height in zip(edges, edges[1:], heights, strict=False):
        top = base - _BARS * height / tallest
        outline += [(place(left), top), (place(right), top)]
    parts = [svg.path([*outline, (_WIDTH, base)], svg.BLUE, filled=True)]
    if "whiskers" in column:
        parts += _box([place(value) for value in (*column["whiskers"], *column["quartiles"])], base + 3)
    scale = base + _BOX + 13
    ends = [svg.text(0, scale, shown_value(low, kind)), svg.text(_WIDTH, scale, shown_value(high, kind), "end")]
    measured = _by_bin(column.get("target_by_bin", {}), scale + 4)
    return svg.drawing(_WIDTH, scale + (4 + _TARGET if measured else 3), [*parts, *ends, *measured])


def _box(places: Sequence[float], top: float) -> list[str]:
    """Whiskers, quartiles and median, from their places."""
    low, high, first, median, third = places
    middle = top + _BOX / 2 - 2
    return [
        svg.path([(low, middle), (high, middle)], svg.GREY),
        svg.bar((first, top), max(1, third - first), _BOX - 4, svg.AMBER),
        svg.bar((median - 0.75, top - 1), 1.5, _BOX - 2, svg.RED),
    ]


def _by_bin(found: Mapping[str, Any], top: float) -> list[str]:
    """A line a label over bins of about equal rows; the lowest and the highest are written."""
    means = [entry for entry in found.get("target", ()) if entry]
    if len(means) < 2:
        return []
    low, high = min(map(min, means)), max(map(max, means))
    reach, step, room = (high - low) or 1, _WIDTH / (len(means) - 1), _TARGET - 14
    lines = []
    for label, colour in zip(range(len(means[0])), _COLOURS, strict=False):
        heights = [room * (1 - (entry[label] - low) / reach) for entry in means]
        lines.append(svg.path([(step * at, top + height) for at, height in enumerate(heights)], colour))
    return [*lines, svg.text(0, top + _TARGET - 3, f"target {rounded(low)} to {rounded(high)}")]


_COLOURS = (svg.RED, svg.GREEN, svg.BLUE, svg.AMBER, svg.GREY)
"""Of the measured labels, in their order."""


def _category(column: Mapping[str, Any]) -> str:
    top = column.get("top", ())[:_VALUES]
    if not top:
        return svg.drawing(_WIDTH, _ROW, [svg.text(0, 10, "no known value")])
    most = max(entry["count"] for entry in top) or 1
    names = labels([entry["value"] for entry in top], width=12)
    means = column.get("target_by_bin", {}).get("target", [None] * len(top))
    parts = []
    for row, (entry, name, mean) in enumerate(zip(top, names, means, strict=False)):
        y, rate = _ROW * row, "" if not mean else f", target {rounded(mean[0])}"
        title = f"{entry['value']}: {counted(entry['count'], 'row')}{rate}"
        parts.append(svg.bar((70, y + 2), 66 * entry["count"] / most, _ROW - 4, svg.GREEN, title=title))
        parts.append(svg.text(66, y + 10, name, "end"))
        parts.append(svg.text(_WIDTH, y + 10, rounded(mean[0]) if mean else "", "end"))
    return svg.drawing(_WIDTH, _ROW * len(top), parts)
