"""Every relative link of the README leads to a file, and to a heading of it; MkDocs checks those of the pages."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def headings(page: Path) -> set[str]:
    """The anchors that MkDocs and GitHub give to the headings of a page."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower()) for text in found}


def test_every_link_of_the_readme_leads_somewhere() -> None:
    targets = LINK.findall((PROJECT / "README.md").read_text(encoding="utf-8"))
    assert len(targets) > 20
    for target in targets:
        name, _, anchor = target.partition("#")
        assert target.startswith("https://") or (PROJECT / name).exists(), target
        assert not anchor or anchor in headings(PROJECT / name), target
