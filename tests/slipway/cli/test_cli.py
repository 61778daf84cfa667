import errno
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from rehearsal.journey.options import PROJECT
from slipway.cli.main import main

SHOPPERS = PROJECT / "config" / "shoppers.toml"


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = main(["rehearse", "--plain", *argv])
    return code, capsys.readouterr().err


def test_help_teaches_the_exit_codes_and_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rehearse", "--help"])
    assert ended.value.code == 0
    assert "--fault slow" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "now"),
    [
        (["carry", "--to", "prod"], "`slipway promote`"),
        (["rollout", "promote", "--package", "7"], "`slipway rollout approve --package N`"),
        (["rollout", "promote", "--reason", "over"], "`slipway rollout resume`"),
    ],
)
def test_an_old_name_of_a_command_is_refused_with_the_new_one(
    argv: list[str], now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert now in error
    assert error.count("\n") == 1


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


def test_a_missing_config_is_reported_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, message = run(capsys, "--config", str(tmp_path / "none.toml"))
    assert code == 2
    assert "slipway: config must be a readable file" in message


def test_an_unknown_stage_is_reported_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    code, message = run(capsys, "--config", str(SHOPPERS), "--stage", "nowhere")
    assert code == 2
    assert "stage must be one of dev, prod, got nowhere" in message


def test_every_error_in_a_config_is_reported_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "bad.toml"
    text = SHOPPERS.read_text().replace("canary_percent = 25", "canary_percent = 90")
    config.write_text(text.replace("[gate]", "[gate]\nluck = 1"))
    code, message = run(capsys, "--config", str(config))
    assert code == 2
    assert "rollout.canary_percent" in message
    assert "gate.luck is not a known key" in message


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "nowhere.csv"),
        ("", "empty"),
        ("x,y\n1,2\n", "column"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_before_anything_starts(
    content: str | None, problem: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = tmp_path / "nowhere.csv"
    if content is not None:
        table.write_text(content)
    code, message = run(capsys, "--config", str(SHOPPERS), "--data", str(table))
    assert code == 2
    assert problem in message


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (OSError(errno.ENOSPC, "x", "/mnt/out"), 1, "the disk is full: free some space, or set TMPDIR and --out"),
        (OSError(errno.EMFILE, "x"), 1, "too many open files: raise this shell's limit"),
        (MemoryError(), 1, "this machine's memory does not suffice"),
        (RecursionError(), 2, "a file is nested too deeply to be read"),
        (KeyboardInterrupt(), 130, "interrupted; everything that was started has been ended"),
    ],
)
def test_what_the_machine_ran_out_of_is_reported_in_one_line(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str], plugin: Callable[..., str]
) -> None:
    name = plugin(body=f"raise {error!r}")
    assert main([name]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"slipway: {message}")


def test_a_defect_keeps_its_traceback(plugin: Callable[..., str]) -> None:
    with pytest.raises(PermissionError):
        main([plugin(body=f"raise {OSError(errno.EPERM, 'odd')!r}")])


def test_an_interrupt_while_the_commands_are_imported_is_one_like_any_other(
    capsys: pytest.CaptureFixture[str], plugin: Callable[..., str]
) -> None:
    name = plugin(head="import signal\nsignal.raise_signal(signal.SIGINT)\n")
    assert main([name]) == 130
    assert capsys.readouterr().err == "slipway: interrupted; everything that was started has been ended\n"


def slipway(*argv: str, streams: str) -> "subprocess.CompletedProcess[str]":
    """The command as a shell starts it, with its `streams` redirected."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$@" {streams}', "bash", sys.executable, "-m", "slipway.cli", *argv],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_reader_that_has_left_ends_a_command_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    argv = [sys.executable, "-m", "slipway.cli", "--version"]
    with os.fdopen(writer) as pipe:
        ended = subprocess.run(argv, cwd=PROJECT, stdout=pipe, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
def test_a_closed_stream_is_no_reason_to_fail(closed: str) -> None:
    ended = slipway("--version", streams=closed)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "content", "option"), [("deep.toml", "a = " + "[" * 5000, "--config"), ("deep.json", "[" * 200000, "")]
)
def test_a_file_that_is_nested_too_deeply_is_refused_in_one_line(
    name: str, content: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["lint", *filter(None, [option, str(tmp_path / name)])]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "nested too deeply" in line
