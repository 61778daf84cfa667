"""The report's profile of the training split: statistics, pictures of each column, and relations."""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.console import svg
from rehearsal.console.column_pictures import column_picture, shown_value
from rehearsal.console.page_parts import paragraphs, section, table
from rehearsal.console.picture_labels import printable
from rehearsal.console.relation_pictures import heat_map, scatter_plot
from slipway.rounding import counted

_OPEN = 24
"""Columns whose pictures are seen at once; those of the others unfold."""
_STATISTICS = ("mean", "median", "mode", "std", "variance", "min", "max")
_METHODS = ("iqr", "z_score", "robust_z")


def data_profile(profile: Mapping[str, Any]) -> str:
    """Everything that `profile.json` has on the columns."""
    columns: Sequence[Mapping[str, Any]] = profile["columns"]
    figures = [_figure(column_picture(column), _caption(column)) for column in columns]
    key = "Blue: rows, on a logarithmic scale. Box plot: quartiles, median (red), whiskers of 1.5 interquartile ranges."
    return "".join(
        [
            paragraphs([" ".join([key, *_target(profile)]), *_texts(columns)]),
            _row(figures[:_OPEN]),
            _folded(f"Pictures of {len(figures) - _OPEN} more columns", _row(figures[_OPEN:])),
            _folded(f"Statistics of {counted(len(columns), 'column')}", _statistics(columns)),
            _row_outliers(profile.get("row_outliers")),
            _relations(profile),
        ]
    )


def _target(profile: Mapping[str, Any]) -> list[str]:
    """What is drawn of the target; clusters have none."""
    if not any("target_by_bin" in column for column in profile["columns"]):
        return []
    measured = profile.get("target_labels")
    target = f"the rate of {', '.join(measured)}" if measured else "the mean of the target"
    return [f"Lines, or the number behind a value: {target}, in bins of about equal rows."]


def _caption(column: Mapping[str, Any]) -> str:
    return f"{column['name']}: characters" if column["kind"] == "text" else str(column["name"])


def _texts(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say of the texts what their numbers are, and of how many a part is not read."""
    texts = [column for column in columns if column["kind"] == "text"]
    cut = [
        f"Of {column['cut']:,} texts in {printable(str(column['name']))} only the first {column['read_characters']:,} "
        "characters are read."
        for column in texts
        if column.get("cut")
    ]
    return [*(["The numbers of a text are those of its characters."] if texts else []), *cut]


def _statistics(columns: Sequence[Mapping[str, Any]]) -> str:
    head = [
        "column",
        "kind",
        "missing",
        "distinct",
        *_STATISTICS,
        "quartiles",
        "outliers: IQR",
        "z > 3",
        "robust z > 3.5",
    ]
    return table(head, [_statistics_row(column) for column in columns])


def _statistics_row(column: Mapping[str, Any]) -> list[Any]:
    kind, dated = column["kind"], column["kind"] == "datetime"

    def shown(name: str) -> Any:
        value = column.get(name)
        return shown_value(value, kind) if dated and value is not None and name not in {"std", "variance"} else value

    first, _, third = column.get("quartiles", (None, None, None))
    quartiles = "" if first is None else f"{shown_value(first, kind)} to {shown_value(third, kind)}"
    found = column.get("outliers", {})
    counts = [column.get("missing"), column.get("unique")]
    outliers = [found.get(method) for method in _METHODS]
    return [
        printable(str(column["name"])),
        kind,
        *counts,
        *map(shown, _STATISTICS),
        quartiles,
        column.get("impossible"),
        *outliers,
    ]


def _row_outliers(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    rows = [
        [
            name.replace("_", " "),
            method["rule"],
            method.get("count", f"skipped: {method.get('skipped')}"),
            method.get("share"),
        ]
        for name, method in found["methods"].items()
    ]
    remark = f"In {found['rows']:,} rows of the training split, by {found['columns']} numbers together."
    return section("Rows that are outliers", paragraphs([remark]) + table(["method", "rule", "rows", "share"], rows))


def _relations(profile: Mapping[str, Any]) -> str:
    correlation = profile.get("correlation")
    if not correlation or len(correlation["columns"]) < 2:
        return ""
    known, plots = profile.get("relations", {}), profile.get("scatter", ())
    left_out = known.get("left_out", ())
    remark = "Red: both rise together; blue: one falls as the other rises. Pointed at, a cell shows its numbers."
    remark += f" {len(left_out)} columns that correlate less are left out." if left_out else ""
    figures = [
        _figure(scatter_plot(plot), f"{plot['x']} across, {plot['y']} up: correlation {plot['correlation']:.3f}")
        for plot in plots
    ]
    return section("Correlation", paragraphs([remark]) + heat_map(correlation, profile["covariance"]) + _row(figures))


def _row(figures: Sequence[str]) -> str:
    return f'<div class="row">{"".join(figures)}</div>' if figures else ""


def _figure(drawn: str, caption: str) -> str:
    return f"<figure><figcaption>{svg.escaped(caption)}</figcaption>{drawn}</figure>"


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{svg.escaped(title)}</summary>{body}</details>" if body else ""
