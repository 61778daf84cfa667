"""Alarms as CloudWatch accepts them: what it rejects, metric math, and composites evaluated by `slipway.cloudwatch`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch as _cloudwatch
from ministack.services.cloudformation import provisioners as _provisioners

from rehearsal.cloud.sagemaker.api_errors import ApiError
from rehearsal.cloud.sagemaker.json_protocol import check
from rehearsal.cloud.sagemaker.shapes import coerced
from rehearsal.cloud.service_models import service_model
from slipway.cloudwatch import alarm_rule, check_expressions, composite_rule, query_errors
from slipway.errors import InputError

Alarm = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "Unit")
_NEEDED = ("EvaluationPeriods", "ComparisonOperator", "Threshold")
_NOT_HERE = ("ThresholdMetricId", "EvaluationWindow", "WarmUpConfiguration", "EvaluationCriteria", "EvaluationInterval")
"""Anomaly bands, PromQL, and windows that do not slide."""
_PLACEHOLDER = {"MetricName": "-", "Namespace": "-"}
_STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")


def accept_every_alarm() -> None:
    """Let PutMetricAlarm and templates have Metrics, reject what CloudWatch rejects, evaluate composites."""
    _cloudwatch._put_metric_alarm = _put_metric_alarm(_cloudwatch._put_metric_alarm)
    _cloudwatch._put_composite_alarm = _checked(_cloudwatch._put_composite_alarm, _check_composite)
    _cloudwatch._set_alarm_state = _checked(_cloudwatch._set_alarm_state, _check_state)
    _cloudwatch._composite_rule_state = lambda alarm: str(composite_rule(alarm).state(state_of))
    _provisioners._cw_metric_alarm_record = _template_alarm(_provisioners._cw_metric_alarm_record)


def state_of(name: str) -> str | None:
    """StateValue of the alarm, or None where there is none."""
    alarm = _cloudwatch._alarms.get(name) or _cloudwatch._composite_alarms.get(name)
    return str(alarm["StateValue"]) if alarm else None


def _checked(known: Callable[..., Response], examine: Callable[[Mapping[str, Any]], object]) -> Callable[..., Response]:
    """`known`, after a request has passed `examine`."""

    def handle(params: Any, request: Mapping[str, Any], is_cbor: bool, is_json: bool = False) -> Response:  # noqa: FBT001, FBT002
        try:
            examine(request if is_cbor or is_json else _of_form(params))
        except (ApiError, InputError) as exc:
            return _refused(exc, is_cbor=is_cbor, is_json=is_json)
        return known(params, request, is_cbor, is_json)

    return handle


def _refused(exc: ApiError | InputError, *, is_cbor: bool, is_json: bool) -> Response:
    rejection: Response = _cloudwatch._error("ValidationError", str(exc), 400, use_json=is_json, use_cbor=is_cbor)
    return rejection


def _check_state(request: Mapping[str, Any]) -> None:
    if request.get("StateValue") not in _STATES:
        raise InputError(f"StateValue must be one of {', '.join(_STATES)}, got {request.get('StateValue')}")


def _put_metric_alarm(known: Callable[..., Response]) -> Callable[..., Response]:
    def handle(params: Any, request: Mapping[str, Any], is_cbor: bool, is_json: bool = False) -> Response:  # noqa: FBT001, FBT002
        try:
            typed = _typed(request if is_cbor or is_json else _of_form(params))
            _check_alarm(typed)
        except (ApiError, InputError) as exc:
            return _refused(exc, is_cbor=is_cbor, is_json=is_json)
        answer = known(params, request, is_cbor, is_json)
        if answer[0] < 400:
            name = typed["AlarmName"]
            _cloudwatch._alarms[name] = _recorded(_cloudwatch._alarms[name], typed.get("Metrics"))
        return answer

    return handle


def _template_alarm(known: Callable[[str, Mapping[str, Any]], Alarm]) -> Callable[[str, Mapping[str, Any]], Alarm]:
    def record(name: str, properties: Mapping[str, Any]) -> Alarm:
        typed = _typed({**properties, "AlarmName": name})
        try:
            _check_alarm(typed)
        except ApiError as exc:
            raise InputError(exc.message) from exc
        if not typed.get("Metrics"):
            return _recorded(known(name, properties), None)
        rest = {key: value for key, value in typed.items() if key != "Metrics"}
        return _recorded(known(name, {**rest, **_PLACEHOLDER}), typed["Metrics"])

    return record


def _check_alarm(description: Mapping[str, Any]) -> None:
    """See that CloudWatch would take this.

    Raises:
        ApiError: a value does not fit its shape.
        InputError: the values do not fit each other.
    """
    name = description.get("AlarmName")
    check(dict(description), _shape("PutMetricAlarm"))
    for error in query_errors(description):
        raise InputError(f"{name}: {error}")
    if unsupported := sorted(key for key in _NOT_HERE if description.get(key)):
        raise InputError(f"{name}: {', '.join(unsupported)} must be left out on the laptop")
    if not description.get("Metrics") and not description.get("MetricName"):
        raise InputError(f"{name}: MetricName or Metrics must be given, got none")
    if missing := [key for key in _NEEDED if description.get(key) is None]:
        raise InputError(f"{name}: {', '.join(missing)} must be given, got none")
    check_expressions(alarm_rule(description))


def _check_composite(description: Mapping[str, Any]) -> None:
    check(dict(description), _shape("PutCompositeAlarm"))
    composite_rule(description)


def _shape(operation: str) -> Any:
    return service_model("cloudwatch").operation_model(operation).input_shape


def _recorded(alarm: Alarm, metrics: Sequence[Mapping[str, Any]] | None) -> Alarm:
    """With the queries in place of the one metric, or with its one statistic; None is what an answer leaves out."""
    if not metrics:
        return {**alarm, "Statistic": None} if alarm.get("ExtendedStatistic") else alarm
    return {**alarm, **dict.fromkeys(_OF_ONE_METRIC), "Dimensions": [], "Metrics": list(metrics)}


def _typed(description: Mapping[str, Any]) -> dict[str, Any]:
    """With the types of the API: in a template or a form every scalar may be a string."""
    typed: dict[str, Any] = coerced(description, _shape("PutMetricAlarm"))
    return typed


def _of_form(params: Mapping[str, Any]) -> dict[str, Any]:
    """A request of the query protocol: Metrics.member.1.Id=m1 is a list of structures."""
    tree: dict[str, Any] = {}
    for name in params:
        *path, last = name.split(".")
        place = tree
        for part in path:
            place = place.setdefault(part, {})
        place[last] = _cloudwatch._p(params, name)
    return {name: _listed(value) for name, value in tree.items() if name not in ("Action", "Version")}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"member"}:
        return [_listed(item) for _, item in sorted(value["member"].items(), key=lambda row: int(row[0]))]
    return {name: _listed(item) for name, item in value.items()}
