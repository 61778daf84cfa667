"""CloudWatch's alarm evaluation as documented, without a clock: samples → datapoints → state and reason."""

from blueprint.alarms.evaluation import AlarmState, evaluate
from blueprint.alarms.reason import INITIAL_REASON, Assessment, assess
from blueprint.alarms.rule import AlarmRule, Metric, MetricQuery, alarm_rule
from blueprint.alarms.series import Series, series
from blueprint.alarms.statistic import Samples, needed_samples, samples_of, statistic

__all__ = [
    "INITIAL_REASON",
    "AlarmRule",
    "AlarmState",
    "Assessment",
    "Metric",
    "MetricQuery",
    "Samples",
    "Series",
    "alarm_rule",
    "assess",
    "evaluate",
    "needed_samples",
    "samples_of",
    "series",
    "statistic",
]
