"""All rules, in the order of their ids."""

from slipway.guardrails.rule import Rule
from slipway.guardrails.rules import (
    alarm_list,
    bakes,
    canary_analysis,
    endpoint,
    policy,
    thresholds,
    traffic,
    watched,
    windows,
)

RULES: tuple[Rule, ...] = (
    *policy.RULES,
    *bakes.RULES,
    *endpoint.RULES,
    *alarm_list.RULES,
    *watched.RULES,
    *thresholds.RULES,
    *windows.RULES,
    *traffic.RULES,
    *canary_analysis.RULES,
)
