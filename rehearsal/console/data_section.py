"""The report's part on the table: what was read, left out and warned of."""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.console.page_parts import paragraphs, section, table


def data_section(profile: Mapping[str, Any], remarks: Sequence[str]) -> str:
    """Rows by what became of them, and the warnings; those of the check where nothing was prepared."""
    counts = profile.get("rows", {})
    rows = [[name.replace("_", " "), f"{count:,}"] for name, count in counts.items()]
    warnings = list(dict.fromkeys([*remarks, *profile.get("remarks", ())]))
    return (table(["rows", "number"], rows) if rows else "") + section(
        "Warnings", paragraphs(warnings) or paragraphs(["None."])
    )
