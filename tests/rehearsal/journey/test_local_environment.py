"""What is refused before anything starts, and the environment that everything starts in."""

import io
import os
from pathlib import Path
from typing import NoReturn
from urllib.request import getproxies, proxy_bypass

import boto3
import pytest

from rehearsal.console.display import choose_display
from rehearsal.journey.demo_data.registry import write_demo_csv
from rehearsal.journey.local_environment import check_out, local_environment, sole_writer
from rehearsal.journey.options import PROJECT, RehearsalOptions
from rehearsal.journey.rehearsal import Rehearsal
from rehearsal.journey.user_table import files_of, request_bodies, source_table
from slipway.errors import InputError
from slipway.settings import Settings, load_settings

CONFIG = PROJECT / "config/shoppers.toml"


def _start(*_: object) -> NoReturn:
    raise AssertionError("an embedded AWS was started")


def _changed(folder: Path, changes: dict[str, str]) -> Path:
    text = CONFIG.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "case.toml").write_text(text, encoding="utf-8")
    return folder / "case.toml"


def _refusal(folder: Path, *, config: Path = CONFIG, data: Path | None = None, out: Path | None = None) -> str:
    options = RehearsalOptions(config, data=data, out=out or folder / "out", demo_rows=500)
    with choose_display(io.StringIO(), plain=True) as display, pytest.raises(InputError) as caught:
        Rehearsal(options, display, _start).run()
    return str(caught.value)


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    """A good table's header and 500 rows; the target is the last cell."""
    write_demo_csv(tmp_path / "demo.csv", rows=500, seed=0)
    return (tmp_path / "demo.csv").read_text(encoding="utf-8").splitlines()


def _table(folder: Path, lines: list[str]) -> Path:
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "table.csv"


def test_settings_that_break_a_guardrail_are_refused(tmp_path: Path) -> None:
    refusal = _refusal(tmp_path, config=_changed(tmp_path, {"instance_count = 4": "instance_count = 1"}))
    assert refusal.startswith("error SG103 shoppers-dev: CanarySize is all of a fleet of 1 instance")


def test_a_fault_that_exchanges_columns_needs_two(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(
        'name = "one"\n[data]\ntarget = "y"\npositive_label = "1"\ncolumns = {x = "number"}'
    )
    options = RehearsalOptions(tmp_path / "one.toml", out=tmp_path / "out", fault="schema")
    with choose_display(io.StringIO(), plain=True) as display, pytest.raises(InputError, match="exchanges two columns"):
        Rehearsal(options, display, _start).run()


def test_every_wrong_hyperparameter_is_reported_at_once(tmp_path: Path) -> None:
    config = _changed(
        tmp_path,
        {
            "[tuning.fixed]": '[tuning.fixed]\ngamma = "-5"\nluck = "1"',
            "\neta =": "\netta =",
            "min = 3, max = 7": "min = -3, max = 70",
            'type = "continuous", min = 0.6, max = 1.0': 'type = "categorical", values = ["0.5", "much"]',
        },
    )
    lines = [line.split(": tuning.")[1] for line in _refusal(tmp_path, config=config).splitlines()]
    assert lines[0] == "ranges.max_depth must be a whole number in 1..16, got -3, 70"
    assert lines[1] == "ranges.subsample must be a number in 0.05..1, got much"
    assert lines[2].startswith("fixed and ranges must be of eta, max_depth, ")
    assert lines[2].endswith("; got etta, luck")
    assert lines[3:] == ["fixed.gamma must be a number in 0..10000, got -5"]


def test_of_a_table_sorted_by_its_target_the_earlier_rows_are_drawn_from_all_of_it(
    tmp_path: Path, lines: list[str], settings: Settings
) -> None:
    header, *rows = lines
    rows.sort(key=lambda row: row.rpartition(",")[2])
    table = source_table(RehearsalOptions(CONFIG, data=_table(tmp_path, [header, *rows])), settings, tmp_path)
    (earlier,) = files_of(table.earlier)
    shares = [sum(row.endswith("TRUE") for row in some) / len(some) for some in (rows, _rows_of(earlier))]
    assert table.earlier_rows == len(_rows_of(earlier)) == 300
    assert shares[0] == pytest.approx(shares[1], abs=0.01)
    assert any(remark.startswith("rows are sorted by Revenue: ") for remark in table.remarks)


def _rows_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[1:]


def test_blank_lines_are_no_rows(tmp_path: Path, lines: list[str], settings: Settings) -> None:
    data = _table(tmp_path, [text for line in lines for text in (line, "")])
    table = source_table(RehearsalOptions(CONFIG, data=data), settings, tmp_path)
    assert (table.rows, table.earlier_rows) == (500, 300)
    (earlier,) = files_of(table.earlier)
    assert earlier.read_text(encoding="utf-8").splitlines() == lines[:301]


def test_users_send_rows_of_the_whole_table_without_the_target(
    tmp_path: Path, lines: list[str], settings: Settings
) -> None:
    table = source_table(RehearsalOptions(CONFIG, data=_table(tmp_path, lines)), settings, tmp_path)
    bodies = [body.decode().split(",") for body in request_bodies(table)]
    assert len(bodies) == 500
    assert {len(cells) for cells in bodies} == {len(settings.data.columns)}
    assert {cells[10] for cells in bodies} == {line.split(",")[10] for line in lines[1:]}  # months


@pytest.fixture
def settings() -> Settings:
    return load_settings(CONFIG, "dev")


@pytest.mark.parametrize("below", ["", "below"])
def test_an_out_that_cannot_be_a_folder_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "taken").touch()
    refusal = _refusal(tmp_path, out=tmp_path / "taken" / below)
    assert refusal.startswith(f"--out must be a folder that can be written to, got {tmp_path / 'taken' / below}: ")


def test_a_run_that_is_refused_leaves_an_earlier_runs_reports_as_they_are(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("report.json", "report.html", "mine.txt"):
        (out / name).write_text("earlier")
    _refusal(tmp_path, config=_changed(tmp_path, {"instance_count = 4": "instance_count = 1"}), out=out)
    assert {path.name: path.read_text() for path in out.iterdir()} == dict.fromkeys(
        ("report.json", "report.html", "mine.txt"), "earlier"
    )


def test_checking_a_new_folder_leaves_none(tmp_path: Path) -> None:
    check_out(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_two_rehearsals_at_the_same_time_write_into_two_folders(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    with sole_writer(out), sole_writer(tmp_path / "c"):
        with pytest.raises(InputError, match=f"one rehearsal at a time, got {out}, into which"), sole_writer(out):
            raise AssertionError
        check_out(out)
    with sole_writer(out):
        (out / "report.json").touch()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [out / "report.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_no_proxy_is_on_the_way_to_this_machine(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "example.com")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with local_environment():
        assert getproxies()["http"] == "http://127.0.0.1:9"
        assert all(proxy_bypass(host) for host in ("127.0.0.1:80", "localhost", "example.com"))
        assert not proxy_bypass("example.org")
        assert os.environ["NO_PROXY"] == os.environ["no_proxy"]
    assert os.environ[variable] == "example.com"
    assert not proxy_bypass("localhost")


def test_past_every_proxy_stays_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with local_environment():
        assert proxy_bypass("example.org")


def test_the_users_profiles_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "absent")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with local_environment():
        session = boto3.Session()
        assert (session.available_profiles, session.region_name) == ([], None)
    assert os.environ["AWS_PROFILE"] == "absent"
