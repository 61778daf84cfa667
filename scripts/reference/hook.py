"""What MkDocs calls for each page: a line `<!-- made from: NAME -->` is replaced by what is made from the code."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.reference.command_line import commands_page
from scripts.reference.decisions import decisions_page
from scripts.reference.features import features_page
from scripts.reference.guardrail_rules import rules_page
from scripts.reference.hyperparameters import hyperparameters_page
from scripts.reference.problems import problems_page
from scripts.reference.settings import delivery_page, settings_page
from scripts.reference.steps import steps_page

PAGES: Mapping[str, Callable[[], str]] = {
    "commands": commands_page,
    "decisions": lambda: decisions_page(Path(__file__).parents[2] / "docs" / "decisions"),
    "delivery": delivery_page,
    "features": features_page,
    "hyperparameters": hyperparameters_page,
    "problems": problems_page,
    "rules": rules_page,
    "settings": settings_page,
    "steps": steps_page,
}
_MARK = re.compile(r"^<!-- made from: (\w+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill the page in."""
    return _MARK.sub(lambda found: PAGES[found[1]](), markdown)
