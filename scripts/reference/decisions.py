"""The list of decisions: each record by its title."""

from pathlib import Path


def decisions_page(folder: Path) -> str:
    """A line for each record in `folder`, in the order of their numbers."""
    return "\n".join(f"- [{_title(record)}]({record.name})" for record in sorted(folder.glob("[0-9]*.md")))


def _title(record: Path) -> str:
    first, _, _ = record.read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("# ")
