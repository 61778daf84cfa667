"""Many use cases are synthesized by several processes side by side, whose cloud assemblies are then made one.

CDK in Python computes on one processor, a fifth of a second a use case, and no use case's stacks know of another's.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_SHARE = "SLIPWAY_SYNTH_SHARE"
"""Which of the use cases a process makes, as `first:past`; whoever has it set starts no others."""

_WORTH = 5
"""Use cases that a process more is worth: it loads CDK first."""

_MOST = 8
"""Processes; each takes about 400 MB."""

_MANIFEST, _TREE, _REPORT = "manifest.json", "tree.json", "validation-report.json"


def shares(cases: int) -> list[slice]:
    """What of so many use cases to make here, and after it what each process more is to make."""
    if share := os.environ.get(_SHARE):
        return [slice(*map(int, share.split(":")))]
    count = max(1, min(os.cpu_count() or 1, cases // _WORTH, _MOST))
    ends = [cases * number // count for number in range(count + 1)]
    return [slice(*ends[number : number + 2]) for number in range(count)]


@contextmanager
def synthesized_aside(command: Sequence[str], others: Sequence[slice]) -> Iterator["Aside"]:
    """Run `command` for each of the shares while the body makes its own share; none outlives the body."""
    with ExitStack() as stack:
        aside = Aside()
        for share in others:
            out = stack.enter_context(TemporaryDirectory(prefix="slipway-synth-"))
            given = {_SHARE: f"{share.start}:{share.stop}", "CDK_OUTDIR": out}
            process = stack.enter_context(subprocess.Popen(command, env=os.environ | given))
            stack.callback(process.terminate)
            aside.processes[Path(out)] = process
        yield aside


class Aside:
    """The processes at work by the folders that they write to."""

    def __init__(self) -> None:
        self.processes: dict[Path, subprocess.Popen[bytes]] = {}

    def join(self, out: Path) -> None:
        """Wait for them, and add what they made to the assembly in `out`.

        Raises:
            SystemExit: one has failed, which told why itself; `out` is as it was.
        """
        failed = [code for code in [process.wait() for process in self.processes.values()] if code]
        if failed:
            raise SystemExit(failed[0])
        for folder in self.processes:
            _join(out, folder)


def _join(out: Path, folder: Path) -> None:
    """As if CDK had made the stacks of both in one app: to the byte, which a test compares."""
    with _rewritten(out / _MANIFEST, indent=2) as manifest:
        manifest["artifacts"] = _together(manifest["artifacts"], _read(folder / _MANIFEST)["artifacts"])
    with _rewritten(out / _TREE, separators=(",", ":")) as tree:
        children = _read(folder / _TREE)["tree"]["children"]
        tree["tree"]["children"] = _together(tree["tree"]["children"], children)
    if (folder / _REPORT).exists():  # CDK checks templates unless it is told not to
        with _rewritten(out / _REPORT, indent=2) as report:
            report["pluginReports"] += _read(folder / _REPORT)["pluginReports"]
    for entry in folder.iterdir():
        if entry.is_file() and entry.name not in (_MANIFEST, _TREE, _REPORT):
            shutil.copyfile(entry, out / entry.name)
        elif entry.is_dir() and not (out / entry.name).exists():  # assets are named by their content
            shutil.move(entry, out)


def _together(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """In CDK's order: the stacks, and what each app has once."""
    once = {name: ours[name] for name in ours if name in theirs}
    stacks = {name: each for name, each in (ours | theirs).items() if name not in once}
    return stacks | once


@contextmanager
def _rewritten(file: Path, **style: Any) -> Iterator[dict[str, Any]]:
    content = _read(file)
    yield content
    file.write_text(json.dumps(content, ensure_ascii=False, **style), encoding="utf-8")


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content
