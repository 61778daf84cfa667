"""Which commands there are, and what becomes of those whose code or packages are not installed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.cli.command_line import COMMANDS, whole_parser
from slipway.cli.main import main

Plugin = Callable[..., str]


def test_a_command_of_another_distribution_is_one_like_any_other(plugin: Plugin) -> None:
    name = plugin(body="return 7")
    assert main([name]) == 7
    assert name in whole_parser().format_help()


@pytest.mark.parametrize("arguments", [[], ["--plain", "--rows", "10"], ["--help"]])
def test_a_command_whose_code_is_not_here_says_that_it_needs_the_repository(
    arguments: list[str], plugin: Plugin, capsys: pytest.CaptureFixture[str]
) -> None:
    name = plugin(module="nowhere.commands.rehearse")
    assert main([name, *arguments]) == 2
    assert capsys.readouterr().err == (
        f"slipway: {name} needs a clone of Slipway's repository: "
        f"run `make setup` there, then .venv/bin/slipway {name}\n"
    )


@pytest.mark.parametrize("place", ["head", "body"])
def test_a_command_whose_packages_are_not_here_names_the_one_and_what_installs_it(
    place: str, plugin: Plugin, capsys: pytest.CaptureFixture[str]
) -> None:
    name = plugin(**{place: "import no_such_package.part"})
    assert main([name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"slipway: {name} needs the Python package no_such_package, which is not installed here: ")


@pytest.mark.parametrize("place", ["head", "body"])
def test_a_module_that_an_installed_package_lost_keeps_its_traceback(place: str, plugin: Plugin) -> None:
    name = plugin(**{place: "import slipway.no_such_module"})
    with pytest.raises(ModuleNotFoundError, match=r"slipway\.no_such_module"):
        main([name])


def test_a_command_loads_what_it_needs_and_no_other_command() -> None:
    program = (
        "import sys; from slipway.cli.main import main\n"
        "try: main(['lint', '--help'])\n"
        "finally: print([name for name in sys.modules if name.startswith('slipway.cli.')], 'boto3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.splitlines()[-1]
    assert "'slipway.cli.lint'" in loaded
    assert not [name for name in COMMANDS if name != "lint" and f"'slipway.cli.{name}'" in loaded]
    assert loaded.endswith("False")


def test_what_is_no_command_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["launch"])
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert all(f"'{name}'" in message for name in (*COMMANDS, "rehearse", "push-rehearsal"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rehears"], "; did you mean rehearse?"),
        (["rollout", "statu"], "; did you mean status?"),
        (
            ["rehearse", "--sped", "3"],
            "slipway rehearse: error: unrecognized arguments: --sped 3; did you mean --speed?",
        ),
        (["rollout", "status", "--jsn=x"], "slipway rollout status: error: unrecognized arguments: --jsn=x; did you"),
        (["rehearse", "--fault", "slo"], "(choose from 'errors', 'slow', 'shift', 'schema'); did you mean slow?"),
        (["lint", "--zzzz"], "slipway lint: error: unrecognized arguments: --zzzz\n"),
    ],
)
def test_what_is_mistyped_is_refused_with_what_was_probably_meant(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_run_elsewhere_without_a_use_case_says_what_to_give(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    more = {"rollout": ["status"], "experiment": ["status"], "promote": ["--to", "prod"]}
    assert main([name, *more.get(name, [])]) == 2
    assert capsys.readouterr().err == (
        "slipway: config must be named with --config FILE, "
        "for the default, config/shoppers.toml, is not in this folder\n"
    )
