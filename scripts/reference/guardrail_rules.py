"""The guardrail rules: one line each, as `slipway lint` reports them."""

from scripts.reference.table import table
from slipway.guardrails.rules import RULES


def rules_page() -> str:
    """A row for each rule."""
    rows = [(rule.id, rule.severity, rule.title.rstrip("."), rule.reason) for rule in RULES]
    return f"{len(RULES)} rules.\n\n" + table(("rule", "severity", "what it finds", "reason"), rows)
