"""Parts of the report's page: tables, numbers and paragraphs as HTML."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.rounding import rounded, with_interval

_LONG = 24
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:[\w-]+[:/](?P<name>[^\s,]+)")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; cells are escaped. Of an ARN the name is shown, and of a tuple the number; the whole where it is opened.

    An ARN within a text is shown by its name, and whole where the name is pointed at.
    """

    def cell(value: Any) -> str:
        if isinstance(value, tuple):
            return f"<td>{_opened(str(len(value)), *value)}</td>" if value else "<td>0</td>"
        shown = _shown(value)
        if found := _ARN.fullmatch(shown):
            return f"<td>{_opened(found['name'], shown, title=shown)}</td>"
        text = _ARN.sub(lambda arn: f'<span title="{arn[0]}">{arn["name"]}</span>', html.escape(shown))
        return f"<td{' class=long' if len(shown) > _LONG else ''}>{text}</td>"

    def row(cells: str) -> str:
        return f"<tr>{cells}</tr>"

    top = row("".join(f"<th>{html.escape(name)}</th>" for name in head)) if any(head) else ""
    return f"<table>{top}{''.join(row(''.join(map(cell, values))) for values in rows)}</table>"


def _opened(summary: str, *lines: str, title: str = "") -> str:
    about = f' title="{html.escape(title)}"' if title else ""
    whole = "<br>".join(map(html.escape, lines))
    return f"<details{about}><summary>{html.escape(summary)}</summary><code>{whole}</code></details>"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, int):
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
