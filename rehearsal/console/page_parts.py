"""Parts of the report's page: tables, numbers and paragraphs as HTML."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.rounding import rounded, with_interval

_LONG = 24
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:[\w-]+[:/](?P<name>\S+)")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; cells are escaped. Of an ARN the name is shown, and the whole where it is opened."""

    def cell(value: Any) -> str:
        shown = _shown(value)
        if found := _ARN.fullmatch(shown):
            name, arn = html.escape(found["name"]), html.escape(shown)
            return f'<td><details title="{arn}"><summary>{name}</summary><code>{arn}</code></details></td>'
        return f"<td{' class=long' if len(shown) > _LONG else ''}>{html.escape(shown)}</td>"

    def row(cells: str) -> str:
        return f"<tr>{cells}</tr>"

    top = row("".join(f"<th>{html.escape(name)}</th>" for name in head)) if any(head) else ""
    return f"<table>{top}{''.join(row(''.join(map(cell, values))) for values in rows)}</table>"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


def interval(found: Mapping[str, float] | None) -> str:
    """A number with its interval; empty without one."""
    if not found:
        return ""
    low, high = found.get("low"), found.get("high")
    if low is None or high is None or low == high:
        return rounded(found["value"])
    return with_interval(found["value"], low, high)


def paragraphs(texts: Iterable[str]) -> str:
    """A paragraph for each text that is not empty; escaped."""
    return "".join(f"<p>{html.escape(text)}</p>" for text in texts if text)


def section(title: str, body: str) -> str:
    """A titled part; empty without a body."""
    return f"<h3>{html.escape(title)}</h3>{body}" if body else ""
