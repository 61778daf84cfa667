"""Parts of the report's page: tables, numbers and paragraphs as HTML."""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_LONG = 24

_ROUNDING_ERROR = 1e-12


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; cells are escaped."""

    def cell(value: Any) -> str:
        shown = number(value) if isinstance(value, float) else "" if value is None else str(value)
        return f"<td{' class=long' if len(shown) > _LONG else ''}>{html.escape(shown)}</td>"

    def row(cells: str) -> str:
        return f"<tr>{cells}</tr>"

    top = row("".join(f"<th>{html.escape(name)}</th>" for name in head)) if any(head) else ""
    return f"<table>{top}{''.join(row(''.join(map(cell, values))) for values in rows)}</table>"


def number(value: float) -> str:
    """Four decimals, or four digits of what is large or tiny; a rounding error is 0."""
    value = 0.0 if abs(value) < _ROUNDING_ERROR else value
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.4g}"


def interval(found: Mapping[str, float] | None) -> str:
    """A number with its interval; empty without one."""
    if not found:
        return ""
    low, high = found.get("low"), found.get("high")
    if low is None or high is None or low == high:
        return number(found["value"])
    return f"{number(found['value'])} ({number(low)} to {number(high)})"


def paragraphs(texts: Iterable[str]) -> str:
    """A paragraph for each text that is not empty; escaped."""
    return "".join(f"<p>{html.escape(text)}</p>" for text in texts if text)


def section(title: str, body: str) -> str:
    """A titled part; empty without a body."""
    return f"<h3>{html.escape(title)}</h3>{body}" if body else ""
