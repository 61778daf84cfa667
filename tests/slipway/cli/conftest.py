"""Commands that other distributions bring."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

COMMAND = """
def add_parser(commands):
    commands.add_parser("{name}", help="made up").set_defaults(run=run)

def run(_arguments):
    {body}
"""
numbers = count()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Install a distribution with one command, whose name is given back."""

    def installed(*, head: str = "", body: str = "return 0", module: str | None = None) -> str:
        name = f"made-up-{next(numbers)}"
        package = name.replace("-", "_")
        (tmp_path / f"{package}.py").write_text(head + COMMAND.format(name=name, body=body))
        metadata = tmp_path / f"{package}-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (metadata / "entry_points.txt").write_text(f"[slipway.commands]\n{name} = {module or package}\n")
        monkeypatch.syspath_prepend(tmp_path)
        return name

    return installed
