"""The rules that refuse an unsafe rollout before it exists, and what reads a planned rollout for them."""

from blueprint.guardrails.delivery import lint_delivery
from blueprint.guardrails.described import from_api
from blueprint.guardrails.judgement import lint, refuse_unsafe
from blueprint.guardrails.planned import PlannedJudge, PlannedRollout, ScaledVariant, Variant
from blueprint.guardrails.rule import Finding, Rule
from blueprint.guardrails.rules import RULES
from blueprint.guardrails.template import from_template
from blueprint.guardrails.use_case import planned_rollout

__all__ = [
    "RULES",
    "Finding",
    "PlannedJudge",
    "PlannedRollout",
    "Rule",
    "ScaledVariant",
    "Variant",
    "from_api",
    "from_template",
    "lint",
    "lint_delivery",
    "planned_rollout",
    "refuse_unsafe",
]
