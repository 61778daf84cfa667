"""The rules that refuse an unsafe rollout before it exists, and what reads a planned rollout for them."""

from slipway.guardrails.delivery import lint_delivery
from slipway.guardrails.described import from_api
from slipway.guardrails.linting import lint, refuse_unsafe
from slipway.guardrails.planned import PlannedAnalysis, PlannedRollout, ScaledVariant, Variant
from slipway.guardrails.rule import Finding, Rule
from slipway.guardrails.rules import RULES
from slipway.guardrails.template import from_template
from slipway.guardrails.use_case import planned_analysis, planned_rollout

__all__ = [
    "RULES",
    "Finding",
    "PlannedAnalysis",
    "PlannedRollout",
    "Rule",
    "ScaledVariant",
    "Variant",
    "from_api",
    "from_template",
    "lint",
    "lint_delivery",
    "planned_analysis",
    "planned_rollout",
    "refuse_unsafe",
]
