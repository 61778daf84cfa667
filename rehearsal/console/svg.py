"""Small SVG elements; a page of hundreds of them is written in milliseconds."""

import html
from collections.abc import Sequence

from rehearsal.console.picture_labels import printable

BLUE, GREEN, RED, GREY, AMBER = "#2f6fb2", "#2f9e62", "#c63d3d", "#8a8f98", "#c98a1b"


def drawing(width: int, height: int, parts: Sequence[str]) -> str:
    """An SVG of so many pixels; its text is in the page's font."""
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg {size} font-size="9" fill="{GREY}">{"".join(parts)}</svg>'


def bar(place: tuple[float, float], width: float, height: float, colour: str, *, title: str = "") -> str:
    """A filled rectangle; `title` appears when it is pointed at."""
    x, y = place
    tip = f"<title>{escaped(title)}</title>" if title else ""
    return f'<rect x="{x:.4g}" y="{y:.4g}" width="{width:.4g}" height="{height:.4g}" fill="{colour}">{tip}</rect>'


def path(points: Sequence[tuple[float, float]], colour: str, *, filled: bool = False) -> str:
    """A line through the points, or the area within them."""
    route = "L".join(f"{x:.4g} {y:.4g}" for x, y in points)
    return f'<path d="M{route}" ' + (f'fill="{colour}"/>' if filled else f'fill="none" stroke="{colour}"/>')


def dot(x: float, y: float, radius: float, colour: str) -> str:
    """A filled circle."""
    return f'<circle cx="{x:.4g}" cy="{y:.4g}" r="{radius:.3g}" fill="{colour}"/>'


def text(x: float, y: float, content: str, anchor: str = "start") -> str:
    """A line of text; `anchor` is start, middle or end."""
    return f'<text x="{x:.4g}" y="{y:.4g}" text-anchor="{anchor}">{escaped(content)}</text>'


def escaped(content: str) -> str:
    """Text that neither HTML nor SVG takes for anything else."""
    return html.escape(printable(content))
