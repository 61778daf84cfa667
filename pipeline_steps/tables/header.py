"""The header of a table: where each wanted column stands."""

import unicodedata
from collections.abc import Sequence

from pipeline_steps.tables.cells import quoted, shown
from pipeline_steps.tables.near_matches import near_match


def plain_name(name: str) -> str:
    """A column's name as it is compared: blanks around it and its Unicode normal form do not matter."""
    return name if name.isascii() and name == name.strip() else unicodedata.normalize("NFC", name).strip()


def places_of(names: Sequence[str], header: Sequence[str]) -> list[int]:
    """Find the place of each of `names`, of which `header_problems` has found none wrong."""
    found = [plain_name(name) for name in header]
    return [found.index(plain_name(name)) for name in names]


def header_problems(header: Sequence[str], where: str, names: Sequence[str]) -> list[str]:
    """What is wrong with the header of the file `where`, a line each, for someone who wants the columns `names`."""
    if not header:
        return [f"data must start with a header row, got an empty file or line in {where}"]
    found, wanted = [plain_name(name) for name in header], {plain_name(name) for name in names}
    if twice := sorted({name for name in found if name in wanted and found.count(name) > 1}):
        return [f"a column name must occur once in the header, got twice: {', '.join(map(shown, twice))} in {where}"]
    if absent := [name for name in names if plain_name(name) not in found]:
        has = ", ".join(map(shown, header))
        return [f"columns absent from {where}: {', '.join(_absent(name, header) for name in absent)}; it has {has}"]
    return []


def _absent(name: str, header: Sequence[str]) -> str:
    near = near_match(name, header)
    return f"{quoted(name)} (it has {near}: write both alike)" if near else shown(name)
