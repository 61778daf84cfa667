"""All rules, in the order of their ids."""

from slipway.guardrails.finding import Rule
from slipway.guardrails.rules import (
    alarm_list,
    bakes,
    canary_analysis,
    endpoint,
    expected_traffic,
    experiments,
    thresholds,
    update_policy,
    watched,
    windows,
)

RULES: tuple[Rule, ...] = (
    *update_policy.RULES,
    *bakes.RULES,
    *endpoint.RULES,
    *alarm_list.RULES,
    *watched.RULES,
    *thresholds.RULES,
    *windows.RULES,
    *expected_traffic.RULES,
    *canary_analysis.RULES,
    *experiments.RULES,
)
