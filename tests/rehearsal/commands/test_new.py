"""`slipway new` and `slipway check`: from a table to settings that every other command accepts."""

import argparse
import csv
import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pipeline_steps import check, inspect
from pipeline_steps.errors import StepError
from pipeline_steps.paths import Paths
from rehearsal.commands import new
from slipway.cli.main import main
from slipway.errors import InputError
from slipway.settings import Settings, load_settings
from slipway.training import use_case_document

Row = dict[str, object]
ROWS = 500


def _table(path: Path, make: Callable[[int, Random], Row], rows: int = ROWS) -> Path:
    draw = Random(0)  # noqa: S311 (made-up data)
    made = [make(number, draw) for number in range(rows)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(made[0]))
        writer.writeheader()
        writer.writerows(made)
    return path


def _customer(number: int, draw: Random) -> Row:
    churned = draw.random() < 0.3
    return {
        "customer_id": f"C{number:05}",
        "joined": f"{draw.randint(1, 28)}.{draw.randint(1, 12)}.2025",
        "plan, name": draw.choice("ab"),
        "plan's\nname": draw.choice("ab"),
        "plan": draw.choice(["basic", "gold"]),
        "spend": round(draw.gauss(50, 9) - 5 * churned, 4),
        "newsletter": draw.choice(["yes", "no"]),
        "left_on": f"{number % 28 + 1}.1.2026" if churned else "",
        "country": "NL",
        "churned": "yes" if churned else "no",
    }


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _table(tmp_path_factory.mktemp("new") / "Our Customers 2026.csv", _customer)


@pytest.fixture(scope="module")
def made(customers: Path) -> Path:
    """The customers' use case file, by the command as users have it."""
    out = customers.parent / "made.toml"
    assert main(["new", str(customers), "--target", "churned", "--out", str(out)]) == 0
    return out


def _answer(verb: str, *arguments: str) -> dict[str, Any]:
    """What the container's verb prints, without a process of its own."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            {"inspect": inspect.main, "check": check.main}[verb](arguments, Paths.from_environment())
    except StepError as exc:
        raise InputError(str(exc)) from exc
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


def _new(table: Path, *more: str) -> tuple[Settings, str]:
    out, parser = table.parent / "use_case.toml", argparse.ArgumentParser()
    new.add_parser(parser.add_subparsers())
    assert new.write_use_case(parser.parse_args(["new", str(table), "--out", str(out), *more]), _answer) == 0
    return load_settings(out, "dev"), out.read_text(encoding="utf-8")


def _check(table: Path, config: Path) -> dict[str, Any]:
    use_case = table.parent / "use_case.json"
    use_case.write_text(json.dumps(use_case_document(load_settings(config, "dev"))), encoding="utf-8")
    return _answer("check", "--input", str(table), "--use-case", str(use_case))


def test_a_file_for_a_binary_target_has_kinds_and_names_what_is_left_out_and_why(made: Path) -> None:
    settings, text = load_settings(made, "dev"), made.read_text(encoding="utf-8")
    assert (settings.name, settings.problem) == ("our-customers-2026", "binary")
    assert (settings.data.target, settings.data.positive_label) == ("churned", "yes")
    analysis = settings.rollout.canary_analysis
    assert (analysis.enabled, analysis.without_evidence, analysis.scores) == (True, "proceed", False)
    assert dict(settings.data.columns) == {
        "joined": "datetime",
        "plan": "category",
        "spend": "number",
        "newsletter": "boolean",
    }
    for name, why in {
        "customer_id": "another value in nearly every row",
        "plan, name": "a name with a comma",
        "left_on": "alone predicts churned",
        "country": "is always 'NL'",
    }.items():
        assert name in settings.data.ignore
        (line,) = [line for line in text.splitlines() if line.startswith(f'  "{name}", # ')]
        assert why in line
    assert "plan's\nname" in settings.data.ignore
    assert '# column = "joined"' in text
    assert settings.data.exclude_from_drift == ("joined",)
    assert settings.training.folds == 5


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (lambda number, _: number % 3, "multiclass"),
        (lambda number, _: ["red", "green", "blue"][number % 3], "multiclass"),
        (lambda _, draw: round(draw.gauss(0, 1), 5), "regression"),
        (lambda number, _: number % 2, "binary"),
        (lambda number, _: number % 10, "multiclass"),
    ],
)
def test_the_problem_is_that_of_the_target(
    tmp_path: Path, target: Callable[[int, Random], object], problem: str
) -> None:
    table = _table(
        tmp_path / "t.csv", lambda number, draw: {"x": round(draw.gauss(0, 1), 5), "y": target(number, draw)}
    )
    settings, _ = _new(table, "--target", "y")
    assert settings.problem == problem
    assert settings.data.positive_label == ("1" if problem == "binary" else None)


def test_texts_of_several_words_are_texts_and_codes_names_and_addresses_are_not(tmp_path: Path) -> None:
    words = ["we", "would", "like", "to", "know", "why", "the", "price", "of", "this", "plan", "is", "so", "high"]

    def row(number: int, draw: Random) -> Row:
        return {
            "subject": " ".join(draw.choice(words) for _ in range(7)),
            "memo": "".join(draw.choice("\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059") for _ in range(30)),
            "token": f"{draw.getrandbits(400):x}",
            "person": f"Person{number} Family{number * 7}",
            "spend": round(draw.gauss(50, 9), 4),
            "left": draw.choice(["yes", "no"]),
        }

    settings, text = _new(_table(tmp_path / "t.csv", row), "--target", "left")
    assert dict(settings.data.columns) == {"subject": "text", "memo": "text", "spend": "number"}
    assert set(settings.data.ignore) == {"token", "person"}
    (rule,) = settings.features.rules
    assert rule.vectorise
    assert (rule.columns, rule.vectorise["ngrams"]) == (("memo",), "characters")
    assert "read by characters" in text


def test_codes_with_leading_zeros_are_categories_and_left_out_where_nearly_every_row_has_its_own(
    tmp_path: Path,
) -> None:
    table = _table(
        tmp_path / "t.csv",
        lambda number, draw: {
            "spend": round(draw.gauss(50, 9), 4),
            "postcode": f"{number % 30 * 3301:05}",
            "account": f"{number * 7919 % 100_000:05}",
            "left": draw.choice(["yes", "no"]),
        },
    )
    settings, _ = _new(table, "--target", "left")
    assert dict(settings.data.columns) == {"spend": "number", "postcode": "category"}
    assert settings.data.ignore == ("account",)
    assert not [each for each in _check(table, tmp_path / "use_case.toml")["findings"] if each["column"] == "postcode"]


@pytest.mark.parametrize("problem", ["anomaly", "clustering"])
def test_without_a_target_the_problem_is_named(tmp_path: Path, problem: str) -> None:
    table = _table(tmp_path / "t.csv", lambda number, draw: {"x": round(draw.gauss(0, 1), 5), "y": number % 7})
    settings, text = _new(table, "--problem", problem)
    assert (settings.problem, settings.data.target, list(settings.data.columns)) == (problem, None, ["x", "y"])
    assert ("rows whose columns were permuted" in text) == (problem == "anomaly")


def test_a_table_with_few_different_rows_is_split_by_its_identifier(tmp_path: Path) -> None:
    table = _table(
        tmp_path / "t.csv",
        lambda number, draw: {"row_id": number, "sex": draw.choice("fm"), "survived": draw.choice(["yes", "no"])},
    )
    settings, _ = _new(table, "--target", "survived")
    assert (settings.data.split.method, settings.data.split.column) == ("id", "row_id")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--target", "churn"], "target must be a column of the table, "),
        ([], "give --target, the column to predict, or --problem anomaly or clustering"),
        (
            ["--target", "plan", "--problem", "clustering"],
            "--target must be left out with --problem clustering, which has none, got plan",
        ),
        (
            ["--target", "customer_id", "--problem", "binary"],
            "target customer_id must have two values with --problem binary, got 500",
        ),
        (["--target", "country"], "target country must have at least two values, got 'NL'"),
        (["--target", "customer_id"], "target customer_id must have at most 100 labels, or numbers alone, got 500"),
    ],
)
def test_a_table_without_a_use_says_why(customers: Path, arguments: list[str], reason: str) -> None:
    with pytest.raises(InputError) as caught:
        _new(customers, *arguments)
    assert str(caught.value).startswith(reason)
    assert not (customers.parent / "use_case.toml").exists()


def test_a_column_without_a_name_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = _table(
        tmp_path / "t.csv", lambda number, draw: {"": number, "x": draw.random(), "y": draw.choice(["yes", "no"])}
    )
    _new(table, "--target", "y")
    assert "warning: columns without a name are left out, by their place in the header: 1;" in capsys.readouterr().out


def test_a_name_or_value_that_a_terminal_would_obey_is_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = _table(
        tmp_path / "t.csv",
        lambda number, draw: {
            "a\nb": number,
            "red\x1b[31m": draw.random(),
            "y": ["li\nne", "\x1b[2J", "c"][number % 3],
        },
    )
    settings, _ = _new(table, "--target", "y")
    shown = capsys.readouterr().out
    assert "left out: 'a\\nb': has a name with a comma or a line break" in shown
    assert list(settings.data.columns) == ["red\x1b[31m"]
    assert main(["check", "--config", str(tmp_path / "use_case.toml"), "--data", str(table)]) == 0
    shown += capsys.readouterr().out
    assert {r"'\x1b[2J'", r"'li\nne'"} < set(shown.rpartition("labels ")[2].partition("\n")[0].split(", "))
    with pytest.raises(InputError, match=r"must be a column of the table, 'a\\nb', 'red\\x1b\[31m', y, got 'z'"):
        _new(table, "--target", "z", "--force")
    assert all(each.isprintable() for each in shown.replace("\n", ""))


def test_a_file_is_not_replaced_unasked(customers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = customers.parent / "mine.toml"
    out.write_text("mine")
    assert main(["new", str(customers), "--target", "churned", "--out", str(out)]) == 2
    assert (
        capsys.readouterr().err == f"slipway: {out} exists: name another file with --out, or replace it with --force\n"
    )
    assert out.read_text() == "mine"


def test_a_check_prints_a_line_for_each_warning_and_the_next_command(
    customers: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (killed := tmp_path / "slipway-run-rehearsal-killed").mkdir()
    (killed / ".lock").touch()
    (killed / "table.csv").touch()
    capsys.readouterr()
    config = customers.parent / "without_folds.toml"
    config.write_text(made.read_text(encoding="utf-8").replace("folds = 5", "folds = 0"), encoding="utf-8")
    assert main(["check", "--config", str(config), "--data", str(customers)]) == 0
    first, *warnings, count, following = capsys.readouterr().out.splitlines()
    assert first == f"{customers}: 500 rows, labels no, yes"
    assert warnings == ["warning: with 500 rows, models are compared better by cross-validation: [training] folds = 5"]
    assert count == "1 warning"
    assert following == f"next: slipway rehearse --config {config} --data '{customers}'"
    assert list(tmp_path.iterdir()) == []  # also what a killed rehearsal left


def test_a_table_that_cannot_be_used_fails_its_check(
    customers: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = _table(customers.parent / "other.csv", lambda number, _: {"x": number})
    assert main(["check", "--config", str(made), "--data", str(other)]) == 2
    assert capsys.readouterr().err.startswith(f"slipway: columns absent from {other}: joined, plan, ")


def test_the_only_column_is_kept_even_if_it_looks_like_a_row_number(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", lambda number, draw: {"hour": number, "y": draw.random() < number / ROWS})
    settings, _ = _new(table, "--target", "y")
    assert dict(settings.data.columns) == {"hour": "number"}


def test_decimal_commas_are_found_in_features_and_in_the_target(tmp_path: Path) -> None:
    table = tmp_path / "sales.csv"
    draw = Random(0)  # noqa: S311 (made-up data)
    sizes = [draw.gauss(50, 20) for _ in range(ROWS)]
    rows = [f"{size:.4f};{draw.gauss(9, 1):.3f};{size * draw.uniform(1, 2):.2f}".replace(".", ",") for size in sizes]
    table.write_text("\n".join(["size;noise;price", *rows]))
    settings, text = _new(table, "--target", "price")
    assert (settings.problem, settings.data.columns) == ("regression", {"size": "number", "noise": "number"})
    assert 'decimal = ","' in text
    assert _check(table, tmp_path / "use_case.toml")["rows"] == ROWS


def test_numbers_that_are_written_for_people_are_left_out_with_the_reason(tmp_path: Path) -> None:
    table = _table(
        tmp_path / "t.csv",
        lambda number, draw: {
            "a": draw.random(),
            "comma": f"{draw.random():.3f}".replace(".", ","),
            "thousands": f"{draw.uniform(1e3, 1e7):,.0f}",
            "money": f"${draw.uniform(1, 99):.2f}",
            "euros": f"{draw.uniform(1, 9):.3f},{draw.randrange(100):02d} EUR",
            "loss": f"(${draw.uniform(1, 99):.2f})",
            "share": f"{draw.uniform(0, 99):.1f}%",
            "address": f"10.0.{number % 3}.{number % 40}",
            "y": draw.choice("nm"),
        },
    )
    settings, text = _new(table, "--target", "y")
    assert (set(settings.data.columns), text.count("write digits and '.' alone")) == ({"a", "address"}, 6)


def test_few_rows_of_a_label_are_cross_validated_in_a_table_that_is_not_small(tmp_path: Path) -> None:
    table = _table(
        tmp_path / "t.csv",
        lambda number, draw: {"x": draw.random(), "z": draw.random(), "y": "yes" if number % 40 == 0 else "no"},
        rows=2_400,
    )
    settings, text = _new(table, "--target", "y")
    assert settings.training.folds == 5
    assert "60 rows of one label are too few for one validation split" in text


def test_a_label_that_says_yes_in_another_language_is_positive_and_an_id_that_rows_share_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = _table(
        tmp_path / "t.csv",
        lambda number, draw: {"kunde_id": f"K{number % 40}", "x": draw.random(), "y": "ja" if number % 3 else "nein"},
        rows=200,
    )
    settings, text = _new(table, "--target", "y")
    assert settings.data.positive_label == "ja"
    assert '# column = "kunde_id"' in text
    assert 'set [data.split] method = "group" and column = "kunde_id"' in capsys.readouterr().out


def test_counts_are_fitted_by_poisson_and_their_zeros_are_no_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = _table(
        tmp_path / "t.csv",
        lambda number, draw: {
            "x": draw.random(),
            "z": draw.random(),
            "y": sum(draw.random() < 0.08 for _ in range(8)) if number else "",
        },
    )
    settings, text = _new(table, "--target", "y")
    assert (settings.problem, f"{ROWS - 1} rows are too few" in text) == ("regression", True)
    assert [each.fixed.get("family") for each in settings.search.searches] == ["poisson", None, "poisson"]
    assert settings.search.fits_counts
    assert "warning: target" not in capsys.readouterr().out


def test_a_small_table_is_split_by_a_seed_that_gives_every_split_its_share_of_a_label(
    tmp_path: Path,
) -> None:
    table = _table(
        tmp_path / "t.csv",
        lambda number, draw: {"x": draw.random(), "z": draw.random(), "y": "no" if number % 11 else "yes"},
        rows=90,
    )
    settings, text = _new(table, "--target", "y")
    seed = settings.data.split.seed
    assert f"seed = {seed} # of a few, the one whose splits have the same share of the target" in text
    config = tmp_path / "other_seed.toml"
    config.write_text(text.replace(f"seed = {seed} #", "seed = 0 #"), encoding="utf-8")
    with pytest.raises(InputError, match=rf"or \[data.split\] seed = {seed}"):
        _check(table, config)


@pytest.mark.parametrize(
    ("columns", "out", "reason"),
    [
        (["y"], "made.toml", "the table must have a column beside the target y, got none"),
        (["x", "y"], "", "--out must be a file, got the folder "),
    ],
)
def test_nothing_is_written_without_a_feature_or_to_a_folder(
    tmp_path: Path, columns: list[str], out: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = _table(tmp_path / "t.csv", lambda number, _: dict.fromkeys(columns, number % 2))
    assert main(["new", str(table), "--target", "y", "--out", str(tmp_path / out)]) == 2
    assert capsys.readouterr().err.startswith(f"slipway: {reason}")
