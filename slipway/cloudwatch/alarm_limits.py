"""CloudWatch's limits on alarms."""

MOST_ALARM_NAME = 255
SHORT_ALARM_PERIODS = (10, 20, 30)
"""In seconds; every other period of an alarm is a multiple of 60."""


def longest_alarm_seconds(period: int) -> int:
    """The most that Period x EvaluationPeriods may be: "seven days"; a day where Period is less than an hour.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    return 604_800 if period >= 3_600 else 86_400
