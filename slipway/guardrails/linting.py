"""Every rule over one planned rollout."""

from slipway.errors import InputError
from slipway.guardrails.finding import Finding
from slipway.guardrails.planned import PlannedRollout
from slipway.guardrails.rules import RULES


def lint(planned: PlannedRollout) -> tuple[Finding, ...]:
    """What is wrong with `planned`, errors first, each once."""
    found = dict.fromkeys(finding for rule in RULES for finding in rule.findings(planned))
    return tuple(sorted(found, key=lambda finding: (finding.severity, finding.rule)))


def refuse_unsafe(planned: PlannedRollout) -> None:
    """Let only a rollout without errors through.

    Raises:
        InputError: a rule is broken; every error is in the message, a line each.
    """
    if errors := [str(finding) for finding in lint(planned) if finding.severity == "error"]:
        raise InputError("\n".join(errors))
