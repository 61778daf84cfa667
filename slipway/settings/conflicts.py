"""What sections of the settings ask for together and cannot have, by the keys of the settings."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import reduce

from slipway.settings.builtin_image import is_builtin
from slipway.settings.feature_columns import drawn_bucket_errors, feature_errors
from slipway.settings.feature_search import most_buckets
from slipway.settings.monitoring import LABEL_FREE, Monitoring
from slipway.settings.own_container_checks import builtin_errors, own_model_errors, server_errors, training_errors
from slipway.settings.problem_checks import problem_errors
from slipway.settings.problems import PROBLEMS
from slipway.settings.search import search_errors
from slipway.settings.unchecked import UncheckedSettings


def conflicts(settings: UncheckedSettings, *, wrong: Collection[str] = ()) -> Iterator[str]:
    """Every conflict between sections none of which is among the `wrong` ones."""
    for sections, check in _CHECKS:
        if sections.isdisjoint(wrong):
            yield from check(settings)


def _problem_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    yield from problem_errors(
        settings.problem, data=settings.data, decision=settings.decision, gate=settings.gate, value=settings.value
    )


def _recipe_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    yield from feature_errors(settings.features, settings.data, has_target=settings.facts.target == "needed")


def _search_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    yield from search_errors(
        settings.tuning,
        settings.problem,
        settings.algorithms,
        metric=settings.metric,
        script=settings.training.script,
        features=settings.features,
    )


def _drawn_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    drawn = (most_buckets(each.fixed, each.ranges) for each in settings.search.searches)
    if buckets := max(filter(None, drawn), default=None):
        yield from drawn_bucket_errors(settings.features, settings.data, buckets)


def _kind_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """What the endpoint's kind leaves no choice of."""
    for fixed in settings.endpoint.facts.fixed:
        section, *path = fixed.key.split(".")
        got = reduce(getattr, path, getattr(settings, section))
        if got != fixed.value:
            yield fixed.error(settings.endpoint.kind, got)


def _shadow_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """What SageMaker does not offer for an endpoint with a shadow, and who would compare it."""
    endpoint, rollout = settings.endpoint, settings.rollout
    if not rollout.shadow.enabled:
        return
    if endpoint.facts.takes_shadow and not rollout.canary_analysis.enabled:
        yield "rollout.canary_analysis must be on with rollout.shadow: nothing else compares it with the live model"
    if rollout.type == "rolling":
        # Whether a shadow counts as a second variant, which rolling excludes, is not documented.
        yield "rollout.type must be canary, linear or all_at_once with rollout.shadow, got rolling"
    if endpoint.instance_type.startswith("ml.inf1."):
        yield f"endpoint.instance_type must not be of Inferentia 1 with rollout.shadow, got {endpoint.instance_type}"


def _experiment_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """Whose requests could not be joined with outcomes, or whose fleets would not fit the weights."""
    endpoint = settings.endpoint
    if settings.experiment is None:
        return
    if not endpoint.facts.captures:
        yield f"experiment must be left out with endpoint.kind {endpoint.facts.name}, which captures no requests"
    elif not endpoint.capture_percent:
        yield "experiment must be left out with endpoint.capture_percent 0: nothing would be joined with outcomes"
    if endpoint.image:
        yield "experiment must be left out with endpoint.image, whose responses name no model"
    if endpoint.autoscaling:
        # An arm that has little traffic would be scaled in, and get all of it at once when it wins.
        yield "endpoint.autoscaling must be left out with experiment: each arm must be able to serve all requests"
    if settings.experiment.outcome_seconds > endpoint.capture_days * 86_400 - 86_400:
        most = (endpoint.capture_days - 1) * 86_400
        yield f"experiment.outcome_seconds must be at most {most}, got {settings.experiment.outcome_seconds}"


def _own_container_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """What cannot be had with images of the user's own."""
    training, endpoint = settings.training, settings.endpoint
    yield from server_errors(endpoint, settings.rollout, settings.monitoring)
    yield from training_errors(training, settings.tuning, settings.features, metric=settings.metric)
    if is_builtin(training.image) or is_builtin(endpoint.image):
        fit = {"problem": settings.problem, "metric": settings.metric}
        yield from builtin_errors(training, endpoint, settings.tuning, settings.data, **fit)
    if settings.has_own_model:
        yield from own_model_errors(settings.gate, settings.decision, settings.value)


def _fold_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """Rows that the split keeps together would be separated by folds."""
    folds, split = settings.training.folds, settings.data.split
    if folds and split.method in {"time", "group"}:
        apart = "older and newer rows" if split.method == "time" else f"rows of one {split.column}"
        yield f"training.folds must be 0 with data.split.method {split.method}: folds mix {apart}, got {folds}"


def _batch_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """Which rows could not be scored, or not apart from others."""
    if settings.batch is None:
        return
    if image := settings.endpoint.image:
        yield f"batch must be left out with endpoint.image: one refused row would fail the whole job, got {image}"
    plain = {name: name.strip().casefold() for name in settings.data.columns}
    taken = [name for name in plain if name == "prediction" or plain[name].startswith("prediction_")]
    if taken:
        yield (
            "data.columns must name neither prediction nor a column that begins with prediction_ with batch, whose "
            f"results add those, got {taken[0]}: rename it in the table, or ignore it"
        )
    if settings.batch.query:
        by_name = {folded: name for name, folded in plain.items()}
        if alike := [name for name, folded in plain.items() if by_name[folded] != name]:
            other = by_name[plain[alike[0]]]
            yield (
                "data.columns must differ in more than case with batch.query, whose result has names in lower case, "
                f"got {alike[0]} and {other}"
            )


def _value_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """Canary analysis bounds what it is given: it needs the least and the greatest value of a response."""
    if settings.rollout.canary_analysis.value and (settings.value is None or settings.value.bounds() is None):
        needed = "values of outcomes" if settings.value else "[value]"
        yield f"rollout.canary_analysis.value must be left out without {needed}: nothing bounds a response's value"


def _monitoring_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """What the monitor's settings ask for and cannot have."""
    monitoring = settings.monitoring
    if monitoring.schedule and not settings.endpoint.capture_percent:
        yield "monitoring.schedule must be left out with endpoint.capture_percent 0: nothing would be examined"
    yield from _retraining_conflicts(monitoring)
    for name in ("bias", "min_ndcg", "outcomes_after_hours"):
        if getattr(monitoring, name) and not monitoring.schedule:
            yield f"monitoring.{name} must be left out without monitoring.schedule: its job examines them"
    if not monitoring.brings_outcomes and (needing := sorted(monitoring.bias_metrics - LABEL_FREE)):
        possible = f"{', '.join(sorted(LABEL_FREE))} with monitoring.scheduler model_monitor"
        yield f"monitoring.bias must be of {possible}: it brings no outcomes, got {needing[0]}"
    if monitoring.outcomes_after_hours and not monitoring.brings_outcomes:
        yield "monitoring.outcomes_after_hours must be left out with monitoring.scheduler model_monitor: it brings none"
    # The oldest request is a period older, and what is deleted is gone some time within the day.
    kept = settings.endpoint.capture_days * 24 - monitoring.period_hours - 24
    if monitoring.outcomes_after_hours > max(0, kept):
        reason = f"requests are deleted after endpoint.capture_days, {settings.endpoint.capture_days}"
        hours = monitoring.outcomes_after_hours
        yield f"monitoring.outcomes_after_hours must be at most {max(0, kept)}, got {hours}: {reason}"
    yield from _facet_conflicts(monitoring, settings.data.columns)
    yield from _outcome_conflicts(settings)


def _outcome_conflicts(settings: UncheckedSettings) -> Iterator[str]:
    """Bias needs labels of which one is positive, and what needs outcomes a target."""
    monitoring, problem = settings.monitoring, settings.problem
    if monitoring.bias and not PROBLEMS[problem].positive_label:
        yield f"monitoring.bias must be left out with problem {problem}: none of its labels is the positive one"
    elif settings.data.target is None and (needing := sorted(monitoring.bias_metrics - LABEL_FREE)):
        possible = ", ".join(sorted(LABEL_FREE))
        yield f"monitoring.bias must be of {possible} without data.target: no outcome is known, got {needing[0]}"
    if monitoring.outcomes_after_hours and settings.data.target is None:
        yield "monitoring.outcomes_after_hours must be left out without data.target: no outcome is known"


def _retraining_conflicts(monitoring: Monitoring) -> Iterator[str]:
    if monitoring.retrain_on and not monitoring.retrain:
        yield "monitoring.retrain_on must be left out without monitoring.retrain: no drift starts training"
    if unwatched := sorted(set(monitoring.retrain_on or ()) - monitoring.watched):
        watched = ", ".join(sorted(monitoring.watched))
        yield f"monitoring.retrain_on must name drift that is watched, {watched}, got {unwatched[0]}"


def _facet_conflicts(monitoring: Monitoring, columns: Mapping[str, str]) -> Iterator[str]:
    for facet in monitoring.bias:
        kind = columns.get(facet.column)
        if kind is None:
            yield f"monitoring.bias must name feature columns, got {facet.column}"
        elif kind in ("datetime", "text"):
            yield f"monitoring.bias must not name {kind} columns, got {facet.column}"
        elif (facet.threshold is None) == (kind == "number"):
            must = "must" if kind == "number" else "must not"
            yield f"monitoring.bias of {facet.column} {must} have a threshold: it is a {kind} column"
        elif facet.values and kind == "number":
            yield f"monitoring.bias of {facet.column} must not have values: it is a number column"


_SEARCHED = frozenset({"problem", "tuning", "training", "features", "gate"})
_CHECKS: tuple[tuple[frozenset[str], Callable[[UncheckedSettings], Iterator[str]]], ...] = (
    (frozenset({"problem", "data", "decision", "gate", "value"}), _problem_conflicts),
    (frozenset({"problem", "data", "features"}), _recipe_conflicts),
    (_SEARCHED, _search_conflicts),
    (_SEARCHED | {"data"}, _drawn_conflicts),
    (frozenset({"training", "data"}), _fold_conflicts),
    (frozenset({"rollout", "value"}), _value_conflicts),
    (frozenset({"batch", "data", "endpoint"}), _batch_conflicts),
    (frozenset({"endpoint", "rollout", "access"}), _kind_conflicts),
    (frozenset({"endpoint", "rollout"}), _shadow_conflicts),
    (frozenset({"endpoint", "experiment"}), _experiment_conflicts),
    (frozenset({"problem", "data", "endpoint", "monitoring"}), _monitoring_conflicts),
    (_SEARCHED | {"decision", "endpoint", "monitoring", "rollout", "value"}, _own_container_conflicts),
)
"""Each with the sections that it compares."""
