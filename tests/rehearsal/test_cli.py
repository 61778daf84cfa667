from importlib.metadata import version
from pathlib import Path

import pytest

from rehearsal.cli import main
from rehearsal.journey.options import PROJECT

SHOPPERS = PROJECT / "config" / "shoppers.toml"


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = main(["rehearse", "--plain", *argv])
    return code, capsys.readouterr().err


def test_help_teaches_the_exit_codes_and_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rehearse", "--help"])
    assert ended.value.code == 0
    assert "--fault slow" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"slipway {version('slipway')}\n")


@pytest.mark.parametrize("argument", [["--speed", "0"], ["--rate", "many"], ["--fault", "fire"], ["--rows", "10"]])
def test_an_argument_out_of_bounds_is_refused_with_exit_code_2(
    argument: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rehearse", *argument])
    assert ended.value.code == 2
    assert argument[1] in capsys.readouterr().err


def test_a_missing_config_is_told_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, told = run(capsys, "--config", str(tmp_path / "none.toml"))
    assert code == 2
    assert "slipway: config must be a readable file" in told


def test_an_unknown_stage_is_told_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "--config", str(SHOPPERS), "--stage", "nowhere")
    assert code == 2
    assert "stage must be one of dev, prod, got nowhere" in told


def test_every_mistake_in_a_config_is_told_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "bad.toml"
    text = SHOPPERS.read_text().replace("canary_percent = 25", "canary_percent = 90")
    config.write_text(text.replace("[gate]", "[gate]\nluck = 1"))
    code, told = run(capsys, "--config", str(config))
    assert code == 2
    assert "rollout.canary_percent" in told
    assert "gate.luck is not a known key" in told


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "nowhere.csv"),
        ("", "empty"),
        ("a;b\n1;2\n", "separated by"),
        ("x,y\n1,2\n", "column"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_before_anything_starts(
    content: str | None, problem: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = tmp_path / "nowhere.csv"
    if content is not None:
        table.write_text(content)
    code, told = run(capsys, "--config", str(SHOPPERS), "--data", str(table))
    assert code == 2
    assert problem in told
