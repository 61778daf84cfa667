"""Alarms that ministack's requests and templates cannot describe: metric math, and composites judged by our rules."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch as _cloudwatch
from ministack.services.cloudformation import provisioners as _provisioners

from blueprint.alarms import alarm_rule, composite_rule, series
from blueprint.errors import InputError

Alarm = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "Unit")
_PLACEHOLDER = {"MetricName": "-", "Namespace": "-"}
_STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")


def accept_every_alarm() -> None:
    """Let PutMetricAlarm and templates have Metrics, refuse what CloudWatch refuses, judge composites by our rules.

    The form-encoded protocol, which no SDK of today uses for CloudWatch, stays as ministack has it.
    """
    _cloudwatch._put_metric_alarm = _put_metric_alarm(_cloudwatch._put_metric_alarm)
    _cloudwatch._put_composite_alarm = _checked(_cloudwatch._put_composite_alarm, composite_rule)
    _cloudwatch._set_alarm_state = _checked(_cloudwatch._set_alarm_state, _check_state)
    _cloudwatch._composite_rule_state = lambda alarm: str(composite_rule(alarm).state(state_of))
    _provisioners._cw_metric_alarm_record = _template_alarm(_provisioners._cw_metric_alarm_record)


def state_of(name: str) -> str | None:
    """StateValue of the alarm, or None where there is none."""
    alarm = _cloudwatch._alarms.get(name) or _cloudwatch._composite_alarms.get(name)
    return str(alarm["StateValue"]) if alarm else None


def _checked(known: Callable[..., Response], check: Callable[[Mapping[str, Any]], object]) -> Callable[..., Response]:
    """`known`, after a request that is not form-encoded has passed `check`."""

    def handle(params: Any, request: Mapping[str, Any], is_cbor: bool, is_json: bool = False) -> Response:  # noqa: FBT001, FBT002
        if is_cbor or is_json:
            try:
                check(request)
            except InputError as exc:
                return _refused(exc, is_cbor=is_cbor, is_json=is_json)
        return known(params, request, is_cbor, is_json)

    return handle


def _refused(exc: InputError, *, is_cbor: bool, is_json: bool) -> Response:
    refusal: Response = _cloudwatch._error("ValidationError", str(exc), 400, use_json=is_json, use_cbor=is_cbor)
    return refusal


def _check_state(request: Mapping[str, Any]) -> None:
    if request.get("StateValue") not in _STATES:
        raise InputError(f"StateValue must be one of {', '.join(_STATES)}, got {request.get('StateValue')}")


def _put_metric_alarm(known: Callable[..., Response]) -> Callable[..., Response]:
    def handle(params: Any, request: Mapping[str, Any], is_cbor: bool, is_json: bool = False) -> Response:  # noqa: FBT001, FBT002
        metrics = request.get("Metrics")
        if not metrics:
            return known(params, request, is_cbor, is_json)
        try:
            _check_metrics(request)
        except InputError as exc:
            return _refused(exc, is_cbor=is_cbor, is_json=is_json)
        answer = known(params, request, is_cbor, is_json)
        if answer[0] < 400:
            name = request["AlarmName"]
            _cloudwatch._alarms[name] = _of_metrics(_cloudwatch._alarms[name], metrics)
        return answer

    return handle


def _template_alarm(known: Callable[[str, Mapping[str, Any]], Alarm]) -> Callable[[str, Mapping[str, Any]], Alarm]:
    def record(name: str, properties: Mapping[str, Any]) -> Alarm:
        if not properties.get("Metrics"):
            return known(name, properties)
        metrics = [_typed(query) for query in properties["Metrics"]]
        typed = {**properties, "AlarmName": name, "Metrics": metrics}
        _check_metrics(typed)
        rest = {key: value for key, value in typed.items() if key != "Metrics"}
        return _of_metrics(known(name, {**rest, **_PLACEHOLDER}), metrics)

    return record


def _check_metrics(description: Mapping[str, Any]) -> None:
    mixed = sorted(key for key in _OF_ONE_METRIC if description.get(key))
    if mixed:
        raise InputError(f"{description['AlarmName']}: an alarm with Metrics must not have {', '.join(mixed)}")
    if description.get("Threshold") is None or description.get("ThresholdMetricId"):
        raise InputError(f"{description['AlarmName']}: an alarm on an anomaly band is not supported")
    rule = alarm_rule(description)
    # Evaluated once without data, so that a malformed expression is refused here and not found out by its silence.
    series(rule, {query.id: [None] * rule.evaluation_range for query in rule.queries if query.metric})


def _of_metrics(alarm: Alarm, metrics: Sequence[Mapping[str, Any]]) -> Alarm:
    """The record with the queries in place of the one metric; None is what an answer leaves out."""
    return {**alarm, **dict.fromkeys(_OF_ONE_METRIC), "Dimensions": [], "Metrics": list(metrics)}


def _typed(query: Mapping[str, Any]) -> dict[str, Any]:
    """A template's MetricDataQuery, whose scalars may be strings, as the API has it."""
    typed = dict(query)
    if "Period" in typed:
        typed["Period"] = int(typed["Period"])
    if "ReturnData" in typed:
        typed["ReturnData"] = str(typed["ReturnData"]).lower() == "true"
    if stat := typed.get("MetricStat"):
        typed["MetricStat"] = {**stat, "Period": int(stat["Period"])}
    return typed
