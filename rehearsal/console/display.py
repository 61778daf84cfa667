"""Live progress: a rich display on a terminal, plain lines otherwise."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from rehearsal.journey.phases import PhaseLog
from slipway.readable import readable


class _PlainPhase:
    def __init__(self, name: str, display: "PlainDisplay") -> None:
        self._name, self._display = name, display

    def log(self, text: str) -> None:
        self._display.line(f"{self._name}: {text}")

    def show(self, text: str) -> None:
        self._display.detail(f"{self._name}: {text}")


class PlainDisplay:
    """One line an event, each with the seconds since the start; a live detail where there was none for a while."""

    def __init__(self, stream: TextIO, *, silence_seconds: float = 10) -> None:
        self._stream, self._silence = stream, silence_seconds
        self._started = self._last = time.monotonic()
        self._detail = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def line(self, text: str) -> None:
        self._last = time.monotonic()
        self._stream.write(f"[{self._last - self._started:6.1f} s] {readable(text)}\n")
        self._stream.flush()

    def detail(self, text: str) -> None:
        """Write `text` unless it would flood the log, or repeat the last one."""
        if text != self._detail and time.monotonic() - self._last >= self._silence:
            self._detail = text
            self.line(text)

    @contextmanager
    def phase(self, name: str) -> Iterator[PhaseLog]:
        self.line(f"{name} …")
        started = time.monotonic()
        try:
            yield _PlainPhase(name, self)
        except BaseException:
            self.line(f"{name}: stopped after {time.monotonic() - started:.1f} s")
            raise
        self.line(f"{name}: done in {time.monotonic() - started:.1f} s")


class _RichPhase:
    def __init__(self, name: str) -> None:
        self.name = name
        self.started = time.monotonic()
        self.seconds: float | None = None
        self.failed = False
        self.events: list[str] = []
        self.detail = ""

    def log(self, text: str) -> None:
        self.events.append(text)

    def show(self, text: str) -> None:
        self.detail = text

    def end(self, *, failed: bool) -> None:
        self.seconds, self.failed, self.detail = time.monotonic() - self.started, failed, ""


class RichDisplay:
    """Every phase a row, with its last events and its running time."""

    def __init__(self, console: Console) -> None:
        self._phases: list[_RichPhase] = []
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @contextmanager
    def phase(self, name: str) -> Iterator[PhaseLog]:
        phase = _RichPhase(name)
        self._phases.append(phase)
        try:
            yield phase
        except BaseException:
            phase.end(failed=True)
            raise
        phase.end(failed=False)

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2)
        table.add_column(min_width=24)
        table.add_column(justify="right", min_width=7)
        table.add_column(overflow="fold")
        for phase in list(self._phases):
            running = phase.seconds is None
            mark: RenderableType = (
                self._spinner if running else Text("✗", "red") if phase.failed else Text("✓", "green")
            )
            seconds = time.monotonic() - phase.started if phase.seconds is None else phase.seconds
            shown = [*phase.events[-8:], *([phase.detail] if phase.detail else [])] if running else phase.events[-2:]
            table.add_row(mark, Text(phase.name, "bold"), Text(f"{seconds:.1f} s", "cyan"), Text("\n".join(shown)))
        return Group(table)


def choose_display(stream: TextIO, *, plain: bool = False) -> PlainDisplay | RichDisplay:
    """A rich display if `stream` is a terminal, unless `plain` asks for lines."""
    console = Console(file=stream)
    return RichDisplay(console) if console.is_terminal and not plain else PlainDisplay(stream)
