"""What a check of a table has found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TableFinding:
    """One remark on a table that can be used; `message` says what is found, and what to do about it."""

    check: str
    message: str
    column: str | None = None


def percent(share: float) -> str:
    """Write a share; small ones with two digits."""
    return f"{share:.0%}" if share >= 0.1 else f"{100 * share:.2g} %".replace(" ", "")
