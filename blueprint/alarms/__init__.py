"""CloudWatch's alarms as documented: samples → datapoints → state and reason; composites; a virtual clock."""

from blueprint.alarms.clock import Transition, VirtualClock
from blueprint.alarms.composite import CompositeRule, composite_rule
from blueprint.alarms.evaluation import AlarmState, evaluate
from blueprint.alarms.queries import query_mistakes
from blueprint.alarms.reason import INITIAL_REASON, Assessment, assess
from blueprint.alarms.rule import AlarmRule, Metric, MetricQuery, alarm_rule
from blueprint.alarms.series import Series, by_period, check_expressions, series
from blueprint.alarms.statistic import Samples, check_statistic, needed_samples, samples_of, statistic

__all__ = [
    "INITIAL_REASON",
    "AlarmRule",
    "AlarmState",
    "Assessment",
    "CompositeRule",
    "Metric",
    "MetricQuery",
    "Samples",
    "Series",
    "Transition",
    "VirtualClock",
    "alarm_rule",
    "assess",
    "by_period",
    "check_expressions",
    "check_statistic",
    "composite_rule",
    "evaluate",
    "needed_samples",
    "query_mistakes",
    "samples_of",
    "series",
    "statistic",
]
