"""Pictures of how columns vary together: a heat map of correlations and scatter plots of the strongest pairs."""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.console import svg
from rehearsal.console.picture_labels import labels
from slipway.rounding import rounded

_CELL, _MARGIN = 15, 110
_PLOT = 170


def heat_map(correlation: Mapping[str, Any], covariance: Mapping[str, Any]) -> str:
    """Red for columns that rise together, blue for opposite ones; each cell says both numbers when pointed at."""
    names: Sequence[str] = correlation["columns"]
    short = labels(names, width=18)
    parts = []
    for row, values in enumerate(correlation["matrix"]):
        parts.append(svg.text(_MARGIN - 4, _CELL * row + 11, short[row], "end"))
        for column, value in enumerate(values[:row]):
            title = f"{names[row]}, {names[column]}: correlation {_number(value)}, "
            title += f"covariance {_number(covariance['matrix'][row][column])}"
            x, y = _MARGIN + _CELL * column, _CELL * row
            parts.append(svg.bar((x, y), _CELL - 1, _CELL - 1, _colour(value), title=title))
    side = _CELL * len(names)
    return svg.drawing(_MARGIN + side, side, parts)


def _number(value: float | None) -> str:
    return "undefined" if value is None else rounded(value)


def _colour(value: float | None) -> str:
    if value is None:
        return "#e2e5ea"
    strength = min(1.0, abs(value))
    strong, pale = round(245 - 45 * strength), round(245 * (1 - strength))
    return f"rgb({strong},{pale},{pale})" if value > 0 else f"rgb({pale},{pale},{strong})"


def scatter_plot(plot: Mapping[str, Any]) -> str:
    """A dot for each cell of the grid that has rows; its area grows with their number."""
    cell = _PLOT / plot["cells_a_side"]
    most = max(count for _, _, count in plot["cells"])
    dots = [
        svg.dot(cell * (x + 0.5), _PLOT - cell * (y + 0.5), max(0.8, cell / 2 * (count / most) ** 0.5), svg.BLUE)
        for x, y, count in plot["cells"]
    ]
    return svg.drawing(_PLOT, _PLOT, dots)
