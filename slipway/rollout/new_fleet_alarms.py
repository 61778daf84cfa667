"""The alarms that roll a rollout back, as plain data in CloudWatch's shape: they watch the new fleet alone."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from slipway.canary.statistics.evidence import Decision
from slipway.endpoint_kinds import REAL_TIME, EndpointKind
from slipway.metrics import DECISION_METRIC, ENDPOINT_NAMESPACE, SAGEMAKER_NAMESPACE, decision_namespace
from slipway.settings import Rollout
from slipway.settings.names import VARIANT

Description = dict[str, Any]
DRIFT_ALARMS = ("PredictionDrift", "InputDrift")
"""They select the fleet by its package: one that served before begins with what they have seen of it."""
LEAST_ERRORS = 5
"""Fewer decide nothing. Simulated over an hour of bakes at 1.5 to 8 requests a second and 0.5 % of errors, five roll
back at most 0.7 % of good models; three, 12 %."""
CLEARLY = 4
"""Standard deviations above the new fleet's share of all errors. The binomial's upper tail is longer than the normal
one: of good models 1 to 5 in 10,000 are beyond it in a period."""
CLEARLY_ALONE = 2
"""The same above the errors that are allowed where there is no old fleet to compare with; they are twice as many as
elsewhere, for an error rate of 4 % that varies from minute to minute."""
PERIODS_SO_FAR = "RUNNING_SUM(IF(requests > 0, 1, 0))"
"""Periods with traffic among those that were fetched, up to each."""
_DECISION_PERIOD_SECONDS, _DECISION_PERIODS = 10, 6
"""Seen at once, and kept for a minute: the next poll of the analysis may be some periods later."""


def new_fleet_alarms(
    rollout: Rollout, *, endpoint_name: str, config_name: str, package_arn: str, kind: EndpointKind = REAL_TIME
) -> dict[str, Description]:
    """The alarms by name, in the shape of PutMetricAlarm; `config_name` and `package_arn` may be CDK tokens.

    Each is named after the endpoint config, so that each rollout gets fresh ones: an updated alarm would keep its
    state. A dimension selects the fleet of that config, or of that package for what the servers publish (a container
    does not know its config); with the endpoint's name alone an ailing old fleet would stop its own replacement.
    Errors are compared with the old fleet's, whose config is not known here: it is the whole variant less the new one.
    """
    variant = {"EndpointName": endpoint_name, "VariantName": VARIANT}
    fleet, package = {**variant, "EndpointConfigName": config_name}, {**variant, "ModelPackageArn": package_arn}
    made = {
        **{name: _errors(rollout, kind, metric, fleet, variant) for name, metric in kind.alarmed_errors.items()},
        "Latency": _latency(rollout, kind, fleet),
        **{
            name: _drift(rollout, name, most, package)
            for name, most in zip(DRIFT_ALARMS, (rollout.max_prediction_drift, rollout.max_input_drift), strict=True)
        },
        DECISION_METRIC: _decision({"EndpointName": endpoint_name, "EndpointConfigName": config_name}),
    }
    common = {
        "ComparisonOperator": "GreaterThanThreshold",
        # A fleet that gets no traffic yet is no broken fleet; without this nothing could be baked in a quiet hour.
        "TreatMissingData": "notBreaching",
    }
    return {
        name: {"AlarmName": f"{config_name}-{name}", **common, **alarm}
        for name, alarm in made.items()
        if name not in rollout.alarms_off
    }


def server_environment(
    endpoint_name: str, package_arn: str, *, excluded: Sequence[str] = (), variant: str = VARIANT
) -> dict[str, str]:
    """The environment by which a model's server publishes what the drift alarms watch."""
    return {
        **({"SLIPWAY_EXCLUDED_FROM_DRIFT": ",".join(excluded)} if excluded else {}),
        "SLIPWAY_ENDPOINT_NAME": endpoint_name,
        "SLIPWAY_VARIANT_NAME": variant,
        "SLIPWAY_MODEL_PACKAGE_ARN": package_arn,
    }


def _errors(
    rollout: Rollout, kind: EndpointKind, metric: str, fleet: Mapping[str, str], variant: Mapping[str, str]
) -> Description:
    """Errors are 1 or 0 a request, so their sum is the number of failed ones.

    Were both fleets alike, the new one would have its share of all errors in the period, `expected`, give or take
    `chance`: the number is binomial. Without enough requests of the old fleet in the period, as after the last shift,
    there is nothing to compare with, and the new fleet must fail more.

    FILL is left out on purpose: it would fill the newest period before its data come, and CloudWatch would then never
    go further back for a period that has some. Nor does the old fleet's traffic alone make a datapoint, because it
    would be divided by none of the new one's requests.
    """
    enough = f"requests >= {rollout.min_requests} AND errors >= {LEAST_ERRORS}"
    more = "errors - expected > chance"
    many = f"errors - allowed > {CLEARLY_ALONE} * allowed ^ 0.5"
    worse = f"IF(old_requests >= {rollout.min_requests}, {more}, {many})"
    return {
        "AlarmDescription": (
            f"More than {rollout.max_error_percent:g} % of the new fleet's responses are errors,"
            " clearly more than of the old fleet's"
        ),
        "Metrics": [
            _returned("share", f"IF({enough} AND {worse}, errors, 0) / requests"),
            _expression("old_requests", "all_requests - requests"),
            _expression("expected", "all_errors * requests / all_requests"),
            _expression("chance", f"{CLEARLY} * (expected * old_requests / all_requests) ^ 0.5"),
            # Without an exponent, which metric math does not read.
            _expression("allowed", f"{rollout.error_percent_alone / 100:.15f}".rstrip("0") + " * requests"),
            _watched("errors", metric, "Sum", fleet, rollout),
            _watched("requests", *kind.requests, fleet, rollout),
            _watched("all_errors", metric, "Sum", variant, rollout),
            _watched("all_requests", *kind.requests, variant, rollout),
        ],
        **_windows(rollout),
        "Threshold": rollout.max_error_percent / 100,
    }


def _latency(rollout: Rollout, kind: EndpointKind, fleet: Mapping[str, str]) -> Description:
    """Below 1/(1-p) requests the percentile is the slowest of them, so that one slow response would decide.

    A period counts once so many with traffic have gone before it as the warm-up may touch: one more than it fills, for
    it begins within one. CloudWatch fetches at least the periods that it evaluates, so that many can be counted.
    """
    slowest_alone = ceil(round(1 / (1 - rollout.latency_percentile / 100), 6))
    needed = max(rollout.min_requests, slowest_alone)
    cold = ceil(rollout.grace_seconds / rollout.alarm_period_seconds) + 1 if rollout.grace_seconds else 0
    warm = f" AND {PERIODS_SO_FAR} > {cold}" if cold else ""
    windows = _windows(rollout)
    return {
        "AlarmDescription": f"The new fleet's latency is above {rollout.max_latency_ms:g} ms",
        "Metrics": [
            _returned("guarded", f"IF(requests >= {needed}{warm}, latency, 0)"),
            _watched("latency", "ModelLatency", f"p{rollout.latency_percentile:g}", fleet, rollout),
            _watched("requests", *kind.requests, fleet, rollout),
        ],
        **windows,
        "EvaluationPeriods": windows["EvaluationPeriods"] + cold,
        "Threshold": rollout.max_latency_ms * 1000,  # the metric is in microseconds
    }


def _drift(rollout: Rollout, metric: str, most: float, package: Mapping[str, str]) -> Description:
    """The servers publish it once they have scored enough rows, so it needs no guard here."""
    what = "scores are" if metric == "PredictionDrift" else "inputs are"
    return {
        "AlarmDescription": f"The new fleet's {what} further than {most:g} from the model's baseline",
        "Namespace": ENDPOINT_NAMESPACE,
        "MetricName": metric,
        "Dimensions": _dimensions(package),
        "Statistic": "Average",
        "Period": rollout.alarm_period_seconds,
        **_windows(rollout),
        "Threshold": most,
    }


def _decision(fleet: Mapping[str, str]) -> Description:
    return {
        "AlarmDescription": "The comparison with the old fleet found the new one worse",
        "Namespace": decision_namespace(fleet["EndpointName"]),
        "MetricName": DECISION_METRIC,
        "Dimensions": _dimensions(fleet),
        "Statistic": "Maximum",
        "Period": _DECISION_PERIOD_SECONDS,
        "EvaluationPeriods": _DECISION_PERIODS,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": int(Decision.ROLL_BACK),
    }


def _windows(rollout: Rollout) -> Description:
    return {"EvaluationPeriods": rollout.alarm_periods, "DatapointsToAlarm": rollout.alarm_periods}


def _returned(id_: str, expression: str) -> Description:
    """The one query that the alarm watches."""
    return {"Id": id_, "Expression": expression, "ReturnData": True}


def _expression(id_: str, expression: str) -> Description:
    return {"Id": id_, "Expression": expression, "ReturnData": False}


def _watched(id_: str, metric: str, statistic: str, fleet: Mapping[str, str], rollout: Rollout) -> Description:
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {"Namespace": SAGEMAKER_NAMESPACE, "MetricName": metric, "Dimensions": _dimensions(fleet)},
            "Period": rollout.alarm_period_seconds,
            "Stat": statistic,
        },
        "ReturnData": False,
    }


def _dimensions(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]
