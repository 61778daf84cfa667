"""CloudWatch's alarms as documented: samples → datapoints → state and reason; composites."""

from slipway.cloudwatch.composite import CompositeRule, composite_rule
from slipway.cloudwatch.evaluation import AlarmState, evaluate
from slipway.cloudwatch.queries import query_errors
from slipway.cloudwatch.reason import Assessment, assess
from slipway.cloudwatch.rule import AlarmRule, Metric, MetricQuery, alarm_rule
from slipway.cloudwatch.series import Series, by_period, check_expressions, series
from slipway.cloudwatch.statistic import Samples, check_statistic, needed_samples, samples_of, statistic

__all__ = [
    "AlarmRule",
    "AlarmState",
    "Assessment",
    "CompositeRule",
    "Metric",
    "MetricQuery",
    "Samples",
    "Series",
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
