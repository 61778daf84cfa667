"""Every relative link of the documents at the top leads to a file, and to a heading of it; MkDocs checks the pages'."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def headings(page: Path) -> set[str]:
    """The anchors that MkDocs and GitHub give to the headings of a page."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower()) for text in found}


@pytest.mark.parametrize(("name", "at_least"), [("README.md", 20), ("CONTRIBUTING.md", 4), ("SECURITY.md", 2)])
def test_every_link_of_a_document_leads_somewhere(name: str, at_least: int) -> None:
    targets = LINK.findall((PROJECT / name).read_text(encoding="utf-8"))
    assert len(targets) >= at_least
    for target in targets:
        name, _, anchor = target.partition("#")
        assert target.startswith("https://") or (PROJECT / name).exists(), target
        assert not anchor or anchor in headings(PROJECT / name), target
