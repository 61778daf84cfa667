"""What a use case costs on AWS: a run of its pipeline, a month of serving, a rollout's second fleet."""

from collections.abc import Iterable
from dataclasses import dataclass

from slipway.costs.prices import Prices
from slipway.rollout.new_fleet_alarms import new_fleet_alarms
from slipway.rollout.plan import RolloutPlan, deployment_config, plan_from_deployment_config
from slipway.rounding import counted
from slipway.settings import Settings

HOURS_A_MONTH = 730
_HOUR = 3600
_GB = 1e9
_KB = 1e3
REPLAY_SERVERS = 2
"""Instances that serve a replay where the server is the user's own: the champion's and the candidate's."""
_REPLAY_HOURS = 0.25
"""From the start of the servers to their end: mostly the start of the instances."""
_SERVER_METRICS = 13
"""What the model server publishes of itself: five by its package and by the endpoint, three by its package alone."""
_SCHEDULE_METRICS = 2
"""What the alarm on a group of schedules reads."""
_MINUTE = 60


@dataclass(frozen=True)
class Line:
    """One thing that is paid for."""

    what: str
    quantity: float
    unit: str
    price: float
    dollars: float


@dataclass(frozen=True)
class Usage:
    """Time on one kind of instance."""

    what: str
    instance_type: str
    hours: float


@dataclass(frozen=True)
class EndpointTraffic:
    """Requests to the endpoint; `kilobytes` of request and response together."""

    requests_per_second: float
    kilobytes: float = 1.0

    @property
    def gigabytes_a_month(self) -> float:
        return self.requests_per_second * HOURS_A_MONTH * _HOUR * self.kilobytes * _KB / _GB


def instance_lines(usages: Iterable[Usage], prices: Prices) -> list[Line]:
    """What instances cost.

    Raises:
        InputError: the table does not have a type.
    """
    return [
        Line(
            f"{usage.what}, {usage.instance_type}",
            usage.hours,
            "instance-hours",
            price := prices.hour(usage.instance_type),
            usage.hours * price,
        )
        for usage in usages
    ]


def planned_run(settings: Settings, *, job_minutes: float) -> list[Usage]:
    """The pipeline's jobs if each is billed for `job_minutes`; none is longer than the settings allow."""
    training = settings.training
    hours = min(job_minutes / 60, training.max_runtime_seconds / _HOUR)
    evaluated = 0 if settings.has_own_model else 1
    jobs = (
        ("Prepare", training.processing_instance_type, 1),
        ("Reference", training.training_instance_type, evaluated),
        ("Tune", training.training_instance_type, settings.search.jobs),
        ("Evaluate", training.processing_instance_type, evaluated),
    )
    return [
        Usage(f"{name}: {count} job{'s' * (count > 1)}", type_, count * hours) for name, type_, count in jobs if count
    ]


def planned_batch(settings: Settings, *, job_minutes: float) -> list[Usage]:
    """The jobs that score one batch if each is billed for `job_minutes`; none without `[batch]`."""
    if (batch := settings.batch) is None:
        return []
    hours = job_minutes / 60
    return [
        Usage("Collect, Assemble, Publish: 3 jobs", settings.training.processing_instance_type, 3 * hours),
        Usage("Score: a transform job", batch.instance_type, batch.instance_count * hours),
    ]


def longest_run(settings: Settings) -> list[Usage]:
    """The same if every job needs all the time it is given."""
    return planned_run(settings, job_minutes=settings.training.max_runtime_seconds / 60)


def serving_month(settings: Settings, prices: Prices, *, instances: int, traffic: EndpointTraffic | None) -> list[Line]:
    """A month with `instances`; without `traffic` nothing that depends on it is in the list.

    Nor is what requests take of an endpoint without instances: it has no rollback alarms either.
    """
    lines, month = [], prices.month
    if settings.endpoint.facts.has_instances:
        usage = Usage(
            f"endpoint: {counted(instances, 'instance')}", settings.endpoint.instance_type, instances * HOURS_A_MONTH
        )
        lines = [*instance_lines([usage], prices), *_alarm_lines(settings, prices)]
    by_timetable = (settings.endpoint.schedule, settings.batch and settings.batch.schedule)
    schedules = settings.monitoring.runs_on_eventbridge + sum(each is not None for each in by_timetable)
    if count := schedules * _SCHEDULE_METRICS:
        lines.append(
            Line("alarms on schedules, by metric", count, "a month", month.alarm_metric, count * month.alarm_metric)
        )
    if settings.endpoint.image is None:
        lines.append(
            Line("the server's own metrics", _SERVER_METRICS, "a month", month.metric, _SERVER_METRICS * month.metric)
        )
    lines.append(Line("key", 1, "a month", month.key, month.key))
    if traffic:
        gigabytes, price = traffic.gigabytes_a_month, prices.gigabyte
        kept = gigabytes * settings.endpoint.capture_percent / 100
        lines.append(Line("requests and responses", gigabytes, "GB", price.invoked, gigabytes * price.invoked))
        # Base64 or JSON around it, and the metadata of each record, come on top.
        lines.append(
            Line("captured in the month, kept for one", kept, "GB", price.stored_month, kept * price.stored_month)
        )
    return lines


def second_fleet(settings: Settings, prices: Prices) -> list[Line]:
    """A rollout that goes through: both fleets are paid during its bakes; without instances there is no second.

    A shadow's fleet is paid from the update that adds it to the one that replaces it, for the longest time.
    """
    if not settings.endpoint.facts.has_instances:
        return []
    plan, type_, shadow = rollout_plan(settings), settings.endpoint.instance_type, settings.rollout.shadow
    hours = extra_instance_hours(plan)
    usages = [Usage(f"{settings.rollout.type}: second fleet", type_, hours)]
    if settings.endpoint.image:
        usages.append(Usage("replay: servers of both models", type_, REPLAY_SERVERS * _REPLAY_HOURS))
    if shadow.enabled:
        beside = (
            shadow.instances(settings.endpoint.most_instances)
            * (shadow.max_seconds + 2 * rollout_seconds(plan))
            / _HOUR
        )
        usages.append(Usage("second fleet while the shadow is added", type_, hours))
        usages.append(Usage(f"shadow, for {shadow.max_seconds / _HOUR:g} h at most", type_, beside))
    if settings.experiment:
        challengers, longest = settings.experiment.challengers, 24 * settings.experiment.max_days
        fleets = challengers * settings.endpoint.instance_count * longest
        usages.append(Usage(f"experiment: challengers, for {longest} h at most", type_, fleets))
    return instance_lines(usages, prices)


def rollout_plan(settings: Settings) -> RolloutPlan:
    config = deployment_config(settings.rollout, ())
    return plan_from_deployment_config(config, instances=settings.endpoint.instance_count)


def rollout_seconds(plan: RolloutPlan) -> int:
    """The waits of a rollout that goes through; starting instances comes on top."""
    return (len(plan.steps) - 1) * plan.wait_seconds + plan.final_wait_seconds


def extra_instances(plan: RolloutPlan) -> int:
    """Rolling replaces one batch after another: only that batch is there twice."""
    return plan.steps[0] if plan.type == "rolling" else plan.instances


def extra_instance_hours(plan: RolloutPlan) -> float:
    return extra_instances(plan) * rollout_seconds(plan) / _HOUR


def total(lines: Iterable[Line]) -> float:
    return sum(line.dollars for line in lines)


def _alarm_lines(settings: Settings, prices: Prices) -> list[Line]:
    """An alarm is paid by the metrics that it reads; metric math reads several. Below a minute it costs more."""
    kind = settings.endpoint.facts
    described = new_fleet_alarms(
        settings.rollout, endpoint_name="e", config_name="c", package_arn="p", kind=kind
    ).values()
    metrics = {"by the minute": 0, "by ten seconds": 0}
    for alarm in described:
        watched = [query for query in alarm.get("Metrics", ()) if "MetricStat" in query]
        often = alarm.get("Period", _MINUTE) < _MINUTE
        metrics["by ten seconds" if often else "by the minute"] += len(watched) or 1
    each = {"by the minute": prices.month.alarm_metric, "by ten seconds": prices.month.fast_alarm_metric}
    return [
        Line(f"rollback alarms {how}, by metric", count, "a month", each[how], count * each[how])
        for how, count in metrics.items()
        if count
    ]
