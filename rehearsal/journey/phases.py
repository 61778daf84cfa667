"""How the main job tells what it does; the console shows it."""

from contextlib import AbstractContextManager
from typing import Protocol


class Phase(Protocol):
    """One phase of the launch as the user sees it."""

    def log(self, text: str) -> None:
        """Report something that happened; plain output keeps every such line."""

    def show(self, text: str) -> None:
        """Replace the live detail; only a terminal shows it."""


class Display(Protocol):
    def phase(self, name: str) -> AbstractContextManager[Phase]: ...
