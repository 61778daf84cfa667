"""All rules, in the order of their ids."""

from blueprint.guardrails.rule import Rule
from blueprint.guardrails.rules import (
    alarm_list,
    bakes,
    endpoint,
    judged,
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
    *judged.RULES,
)
