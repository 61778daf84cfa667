"""Each check finds its fault in a made-up table, and nothing in a sound one."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from pipeline_steps.preparation.data_checks import data_findings
from pipeline_steps.preparation.split_table import split_table
from pipeline_steps.preparation.table_finding import TableFinding
from pipeline_steps.tables.raw_table import read_raw_table
from pipeline_steps.tables.use_case import Column, SplitPlan, TableFormat, UseCase

Row = dict[str, str]
BINARY = UseCase(
    "binary",
    (Column("size", "number"), Column("plan", "category")),
    target="churned",
    metric="auc",
    positive_label="yes",
    folds=5,
)
ROWS = 600


def _rows(count: int = ROWS) -> list[Row]:
    draw = Random(0)  # noqa: S311 (made-up data)
    return [
        {"size": f"{draw.gauss(0, 1):.6f}", "plan": draw.choice("abc"), "churned": draw.choice(["yes", "no", "no"])}
        for _ in range(count)
    ]


def _findings(folder: Path, rows: list[Row], use_case: UseCase = BINARY, delimiter: str = ",") -> list[TableFinding]:
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    raw, read = read_raw_table([folder / "table.csv"], use_case)
    return list(data_findings(raw, split_table(raw, read)))


def test_a_sound_table_has_no_finding(tmp_path: Path) -> None:
    assert _findings(tmp_path, _rows()) == []


def _with(name: str, make: Callable[[int, Row], str]) -> list[Row]:
    return [row | {name: make(number, row)} for number, row in enumerate(_rows())]


def _column(kind: str, name: str = "new") -> UseCase:
    return replace(BINARY, columns=(*BINARY.columns, Column(name, kind)))  # type: ignore[arg-type]  # a kind


_WORDS = ("we", "would", "like", "to", "know", "why", "the", "price", "of", "this", "plan", "is", "so", "high")


def _letter(number: int) -> str:
    draw = Random(number)  # noqa: S311 (made-up data)
    return " ".join(draw.choice(_WORDS) for _ in range(6))


SIZE = {"yes": 10, "no": 1}
FOUND: Mapping[str, tuple[str, list[Row], UseCase, str]] = {
    "row number": ("identifier", _with("new", lambda n, _: str(n)), _column("number"), "leave it out"),
    "key": ("identifier", _with("new", lambda n, _: f"k{n * 7919 % 1000:x}"), _column("category"), "leave it out"),
    "outcome": ("leak", _with("new", lambda n, row: str(SIZE[row["churned"]] + n % 5)), _column("number"), "AUC 1.000"),
    "outcome's text": ("leak", _with("new", lambda _, row: row["churned"].upper()), _column("category"), "AUC 1.000"),
    "constant": ("no_information", _with("new", lambda *_: "7"), _column("number"), "is always 7"),
    "empty": ("no_information", _with("new", lambda n, _: "1" if n == 0 else ""), _column("number"), "is empty in the"),
    "impossible": (
        "impossible",
        _with("size", lambda n, row: "999" if n in (3, 7) else row["size"]),
        replace(BINARY, columns=(Column("size", "number", min=-9, max=9), *BINARY.columns[1:])),
        "has 2 impossible values, outside of -9..9 ([data.ranges]), such as 999",
    ),
    "capped": (
        "outliers",
        _with("size", lambda n, row: row["size"] if n % 5 == 0 else "0"),
        replace(BINARY, features={"numbers": {"outliers": "iqr"}}),
        "of the training rows, and each of them becomes 0: give it another method by a rule",
    ),
    "rows of outliers": (
        "outliers",
        _with("size", lambda n, row: row["size"] if n % 5 == 0 else "0"),
        replace(BINARY, features={"rules": [{"columns": ["s*"], "outliers": {"detect": "iqr", "treat": "drop"}}]}),
        "and their rows are dropped from training",
    ),
    "seldom": (
        "empty_split",
        _with("new", lambda n, _: f"{n}.5" if n in (1, 9) else ""),
        _column("number"),
        "is empty in the",
    ),
    "many": ("many_categories", _with("new", lambda n, _: f"c{n % 60}"), _column("category"), "has 60 categories"),
    "unseen": ("unseen", _with("new", lambda n, _: f"c{n // 2}"), _column("category"), "no training row has"),
    "dates": (
        "dates_as_text",
        _with("new", lambda n, _: f"{n % 28 + 1}.{n % 12 + 1}.2026"),
        _column("category"),
        'its kind should be "datetime"',
    ),
    "text as category": ("words_as_category", _with("new", lambda n, _: _letter(n)), _column("category"), '"text"'),
    "mostly no text": (
        "texts",
        _with("new", lambda n, _: _letter(n) if n % 20 == 0 else ""),
        _column("text"),
        "is empty in 95% of the rows",
    ),
    "one text": (
        "texts",
        _with("new", lambda n, _: _letter(n) if n % 20 == 0 else "as usual"),
        _column("text"),
        "has the same text in 95% of the rows that have one",
    ),
    "few texts": ("texts", _with("new", lambda n, _: _letter(n % 4)), _column("text"), 'should be "category"'),
    "long texts": (
        "texts",
        _with("new", lambda n, _: _letter(n) * (100 if n == 3 else 1)),
        _column("text"),
        "has 1 text of more than 2000 characters",
    ),
    "codes as text": ("identifier", _with("new", lambda n, _: f"k{n * 7919:x}"), _column("text"), "leave it out"),
    "a telling word": (
        "leak",
        _with("new", lambda n, row: f"{_letter(n)} {'closed' if row['churned'] == 'yes' else 'open'}"),
        _column("text"),
        "alone predicts churned (AUC 0.99",
    ),
    "numbers": ("numbers_as_text", _with("new", lambda n, _: str(n % 30)), _column("category"), 'should be "number"'),
    "codes": ("codes_as_numbers", _with("new", lambda n, _: f"{n % 30:05}"), _column("number"), "such as '00000'"),
    "ambiguous": (
        "ambiguous_dates",
        _with("new", lambda n, _: f"{n % 12 + 1}/{n % 11 + 1}/2026"),
        _column("datetime"),
        "read as %d/%m/%Y, but %m/%d/%Y reads all its dates too",
    ),
    "marker": ("missing_markers", _with("new", lambda n, _: "?" if n % 9 else "1"), _column("number"), "'?' is taken"),
    "unused": ("unused_columns", _with("new", lambda *_: "x"), BINARY, "left out: new (in [data] ignore"),
    "sorted": ("sorted", sorted(_rows(), key=lambda row: row["churned"]), BINARY, "rows are sorted by churned"),
    "few": (
        "few_of_a_label",
        _with("churned", lambda n, _: "yes" if n % 13 == 0 else "no"),
        BINARY,
        "'yes' in 47 rows",
    ),
    "rare": (
        "imbalanced",
        _with("churned", lambda n, _: "yes" if n % 30 == 0 else "no"),
        BINARY,
        "in 3.3% of the rows",
    ),
    "small": ("too_small", _rows(150), BINARY, "150 rows are few"),
    "folds": ("folds", _rows(), replace(BINARY, folds=0), "[training] folds = 5"),
    "duplicates": (
        "duplicates",
        [*_rows(), *_rows()],
        BINARY,
        "equal to an earlier one are kept, in the same split: 600 of 1200;",
    ),
    "dropped": (
        "duplicates",
        [*_rows(), *_rows()],
        replace(BINARY, table_format=TableFormat(drop_duplicates=True)),
        "equal to an earlier one are left out: 600 of 1200",
    ),
    "distinct": (
        "few_distinct_rows",
        _with("size", lambda n, _: str(n % 20)),
        BINARY,
        "only 60 of 600 rows differ in their features",
    ),
    "groups": (
        "few_groups",
        _with("shop", lambda n, _: f"s{n % 15}"),
        replace(BINARY, split=SplitPlan(method="group", column="shop")),
        "shop has 15 values only",
    ),
    "no target": (
        "missing_target",
        _with("churned", lambda n, row: row["churned"] if n % 100 else ""),
        BINARY,
        "churned is missing in 6 of 600 rows",
    ),
}


@pytest.mark.parametrize("fault", FOUND)
def test_a_fault_is_found_and_said_with_what_to_do(tmp_path: Path, fault: str) -> None:
    check, rows, use_case, message = FOUND[fault]
    (found,) = [each for each in _findings(tmp_path, rows, use_case) if each.check == check]
    assert message in found.message


def test_a_rule_that_leaves_outliers_in_a_column_ends_the_finding(tmp_path: Path) -> None:
    rows = _with("size", lambda n, row: row["size"] if n % 5 == 0 else "0")
    recipe = {"numbers": {"outliers": "iqr"}, "rules": [{"columns": ["size"], "outliers": "none"}]}
    found = _findings(tmp_path, rows, replace(BINARY, features=recipe))
    assert "outliers" not in {finding.check for finding in found}


def test_an_ignored_column_is_not_mentioned(tmp_path: Path) -> None:
    assert _findings(tmp_path, _with("note", lambda *_: "x"), replace(BINARY, ignore=("note",))) == []


def test_a_number_that_copies_the_target_leaks_with_regression_too(tmp_path: Path) -> None:
    rows = [row | {"price": row["size"], "size": str(2 * float(row["size"]))} for row in _rows()]
    use_case = replace(BINARY, problem="regression", target="price", positive_label=None, metric="rmse")
    assert [each.check for each in _findings(tmp_path, rows, use_case) if each.column == "size"] == ["leak"]


def test_a_copy_of_a_skewed_target_leaks_too(tmp_path: Path) -> None:
    draw = Random(1)  # noqa: S311 (made-up data)
    prices = [draw.lognormvariate(5, 1.5) for _ in _rows()]
    rows = [row | {"price": f"{p:.2f}", "size": f"{p / 1.19:.2f}"} for row, p in zip(_rows(), prices, strict=True)]
    use_case = replace(BINARY, problem="regression", target="price", positive_label=None, metric="rmse")
    assert [each.check for each in _findings(tmp_path, rows, use_case) if each.column == "size"] == ["leak"]


def test_a_strong_honest_column_is_no_leak(tmp_path: Path) -> None:
    draw = Random(1)  # noqa: S311 (made-up data)
    rows = _with("new", lambda _, row: f"{(row['churned'] == 'yes') + draw.gauss(0, 0.5):.6f}")
    assert _findings(tmp_path, rows, _column("number")) == []


def _count(number: int) -> int:
    return next(count for count in range(6) if number % 20 < (10, 15, 18, 19, 20, 20)[count]) + (number % 40 == 39)


@pytest.mark.parametrize(
    ("problem", "target", "check"),
    [
        ("multiclass", lambda n: "rare" if n % 100 == 0 else "ab"[n % 2], "few_of_a_label"),
        ("multiclass", lambda n: "ab"[n % 30 == 0], "imbalanced"),
        ("multiclass", lambda n: f"label {n % 51}", "many_labels"),
        ("multiclass", lambda n: str(_count(n)), "counts"),
        ("multiclass", lambda n: ("low", "high", "High")[n % 3], "spellings"),
        ("regression", lambda n: str(n % 7), "few_numbers"),
        ("regression", lambda n: str(0 if n % 3 else n), "one_number"),
        ("regression", lambda n: str(1e6 * n if n % 200 == 1 else n % 97), "outliers"),
        ("anomaly", lambda n: "ab"[n % 2], "many_anomalies"),
    ],
)
def test_what_is_doubtful_about_a_target_depends_on_the_problem(
    tmp_path: Path, problem: str, target: Callable[[int], str], check: str
) -> None:
    use_case = replace(BINARY, problem=problem, positive_label="b" if problem == "anomaly" else None, target="churned")
    found = _findings(tmp_path, _with("churned", lambda n, _: target(n)), use_case)
    assert [each.check for each in found if each.column == "churned" and each.check != "uneven_target"] == [check]


def test_a_metric_and_values_that_suit_a_rare_label_are_not_advised_again(tmp_path: Path) -> None:
    rows = _with("churned", lambda n, _: "yes" if n % 30 == 0 else "no")
    advised = [each.message for each in _findings(tmp_path, rows, BINARY) if each.check == "imbalanced"]
    assert [message.rpartition("; ")[2] for message in advised] == [
        'compare by [gate] metric = "average_precision", and give [value]'
    ]
    followed = replace(BINARY, metric="average_precision", value={"true_positive": 1.0})
    assert "imbalanced" not in [each.check for each in _findings(tmp_path, rows, followed)]


@pytest.mark.parametrize("fits_counts", [False, True])
def test_the_family_of_counts_is_advised_where_no_algorithm_has_it(tmp_path: Path, fits_counts: bool) -> None:
    use_case = replace(BINARY, problem="regression", positive_label=None, fits_counts=fits_counts)
    found = _findings(tmp_path, _with("churned", lambda n, _: str(1e6 * n if n % 200 == 1 else n % 97)), use_case)
    (message,) = (each.message for each in found if each.check == "outliers")
    assert ("poisson" in message) is not fits_counts


@pytest.mark.parametrize(
    ("fits_counts", "each", "found"), [(True, 1, []), (False, 1, ["one_number"]), (True, 9, ["one_number"])]
)
def test_zeros_of_counts_are_doubtful_where_no_algorithm_fits_counts_or_the_others_are_large(
    tmp_path: Path, fits_counts: bool, each: int, found: list[str]
) -> None:
    use_case = replace(BINARY, problem="regression", positive_label=None, fits_counts=fits_counts)
    rows = _with("churned", lambda n, _: str(each * sum(n % 20 >= least for least in (11, 16, 18, 19))))
    checks = [finding.check for finding in _findings(tmp_path, rows, use_case) if finding.column == "churned"]
    assert [check for check in checks if check == "one_number"] == found


def test_cross_validation_is_not_advised_without_a_target(tmp_path: Path) -> None:
    use_case = replace(BINARY, problem="clustering", target=None, positive_label=None, metric="silhouette", folds=0)
    assert "folds" not in [each.check for each in _findings(tmp_path, _rows(), use_case)]


def _uneven(folder: Path, rows: list[Row], use_case: UseCase) -> list[str]:
    return [each.message for each in _findings(folder, rows, use_case) if each.check == "uneven_target"]


def test_an_uneven_split_names_the_seed_that_divides_the_target_evenly(tmp_path: Path) -> None:
    alike = {"size": "9", "plan": "a"}  # many positive rows that are in one split, whichever it is
    rows = [row | alike if n % 7 == 0 and row["churned"] == "yes" else row for n, row in enumerate(_rows())]
    found = {seed: _uneven(tmp_path, rows, _seeded(seed)) for seed in range(9)}
    uneven = [message for messages in found.values() for message in messages]
    assert 0 < len(uneven) < len(found)
    assert all("target churned is 'yes' in " in message for message in uneven)
    (advised,) = {int(message.split("[data.split] seed = ")[1].split()[0]) for message in uneven}
    assert _uneven(tmp_path, rows, _seeded(advised)) == []


def _seeded(seed: int) -> UseCase:
    return replace(BINARY, split=SplitPlan(seed=seed), folds=0)


def test_a_number_whose_median_differs_between_splits_is_named_and_time_has_no_seed(tmp_path: Path) -> None:
    rows = _with("price", lambda n, row: str(n + float(row["size"])))
    rows = [row | {"day": str(number)} for number, row in enumerate(rows)]
    plan = SplitPlan(method="time", column="day")
    use_case = replace(
        BINARY,
        problem="regression",
        target="price",
        positive_label=None,
        metric="rmse",
        split=plan,
        ignore=("churned",),
    )
    (message,) = _uneven(tmp_path, rows, use_case)
    assert "has a median of" in message
    assert "it changes with time" in message
    assert "seed" not in message
