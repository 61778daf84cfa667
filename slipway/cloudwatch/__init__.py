"""CloudWatch's alarms as documented: samples → datapoints → state and reason; composites; a virtual clock."""

from slipway.cloudwatch.clock import Transition, VirtualClock
from slipway.cloudwatch.composite import CompositeRule, composite_rule
from slipway.cloudwatch.evaluation import AlarmState, evaluate
from slipway.cloudwatch.queries import query_errors
from slipway.cloudwatch.reason import INITIAL_REASON, Assessment, assess
from slipway.cloudwatch.rule import AlarmRule, Metric, MetricQuery, alarm_rule
from slipway.cloudwatch.series import Series, by_period, check_expressions, series
from slipway.cloudwatch.statistic import Samples, check_statistic, needed_samples, samples_of, statistic

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
    "query_errors",
    "samples_of",
    "series",
    "statistic",
]
