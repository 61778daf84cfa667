"""The rules that refuse an unsafe rollout before it exists, and what reads a planned rollout for them."""

from slipway.guardrails.configured_rollout import planned_analysis, planned_rollout
from slipway.guardrails.delivery import lint_delivery
from slipway.guardrails.described import from_api
from slipway.guardrails.finding import Finding, Rule
from slipway.guardrails.linting import lint, refuse_unsafe
from slipway.guardrails.planned import PlannedAnalysis, PlannedExperiment, PlannedRollout, ScaledVariant, Variant
from slipway.guardrails.rules import RULES
from slipway.guardrails.template import from_template

__all__ = [
    "RULES",
    "Finding",
    "PlannedAnalysis",
    "PlannedExperiment",
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
