"""The documents use the terms of the glossary, not those that it has replaced."""

import re
from pathlib import Path

from scripts.reference.hook import PAGES

PROJECT = Path(__file__).resolve().parents[2]
AT_THE_TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
DOCUMENTS = [*(PROJECT / name for name in AT_THE_TOP), *sorted((PROJECT / "docs").rglob("*.md"))]
REPLACED = re.compile(
    r"\b(judge[ds]?|judging|mandate|bets?|told|tells?|withdraw\w*|put back|way back|carry|carries|carried"
    r"|chores?|workshop|surroundings|spoiled|office hours|whoever|verdicts?|mistakes)\b",
    re.IGNORECASE,
)


def test_no_replaced_word_is_used_outside_of_code() -> None:
    found = {}
    for document in DOCUMENTS:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
        if lines := replaced(prose):
            found[str(document.relative_to(PROJECT))] = lines
    assert found == {}


def test_no_replaced_word_is_used_in_a_page_made_from_the_code() -> None:
    found = {name: lines for name, made in PAGES.items() if (lines := replaced(made()))}
    assert found == {}


def replaced(text: str) -> list[str]:
    return [line for line in text.splitlines() if REPLACED.search(line)]
