"""The documents use the terms of the glossary, not those that it has replaced."""

import re
from pathlib import Path

import pytest

from scripts.reference.hook import PAGES

PROJECT = Path(__file__).resolve().parents[2]
AT_THE_TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
DOCUMENTS = [*(PROJECT / name for name in AT_THE_TOP), *sorted((PROJECT / "docs").rglob("*.md"))]
REPLACED = re.compile(
    r"\b(judge[ds]?|judging|mandate|bets?|told|tells?|withdraw\w*|put back|way back|carry|carries|carried"
    r"|chores?|workshop|surroundings|spoiled|office hours|whoever|verdicts?|mistakes)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_replaced_word_is_used_outside_of_code(document: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert replaced(prose) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_replaced_word_is_used_in_a_page_made_from_the_code(page: str) -> None:
    assert replaced(PAGES[page]()) == []


def replaced(text: str) -> list[str]:
    return [line for line in text.splitlines() if REPLACED.search(line)]
