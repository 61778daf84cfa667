"""What settings may not ask for together with a container of the user's own."""

from collections.abc import Iterator

from slipway.settings.builtin_image import METRICS, NAME, REQUIRED, is_builtin
from slipway.settings.data import Data
from slipway.settings.decision_rule import DecisionRule, Value
from slipway.settings.features import Features
from slipway.settings.gate import Gate
from slipway.settings.hyperparameters import IMAGE
from slipway.settings.monitoring import Monitoring
from slipway.settings.rollout import Endpoint, Rollout
from slipway.settings.training import Training
from slipway.settings.tuning import Tuning

_OF_OUR_SERVER = ("PredictionDrift", "InputDrift")
"""Alarms on what Slipway's own server publishes."""


def server_errors(endpoint: Endpoint, rollout: Rollout, monitoring: Monitoring) -> Iterator[str]:
    """What only Slipway's own server measures, or its way of answering makes readable."""
    if endpoint.image is None:
        return
    if absent := [name for name in _OF_OUR_SERVER if name not in rollout.alarms_off]:
        yield (
            f"rollout.alarms_off must name {', '.join(absent)} with endpoint.image: they watch what Slipway's own "
            "server publishes"
        )
    if rollout.canary_analysis.enabled and rollout.canary_analysis.servers:
        yield "rollout.canary_analysis.servers must be false with endpoint.image, whose server publishes no metrics"
    if rollout.canary_analysis.enabled and rollout.canary_analysis.scores:
        yield from _score_errors(endpoint)
    if rollout.canary_analysis.value:
        yield "rollout.canary_analysis.value must be false with endpoint.image, whose responses name no model"
    if rollout.replay.segments:
        yield "rollout.replay.segments must be left out with endpoint.image, whose requests are not read"
    for name in ("schedule", "retrain"):
        if getattr(monitoring, name):
            yield f"monitoring.{name} must be left out with endpoint.image, whose responses are not read for drift"


def _score_errors(endpoint: Endpoint) -> Iterator[str]:
    """The numbers of a server's responses come from data capture, of which each fleet's has a prefix of its own."""
    reason = "rollout.canary_analysis.scores must be false with endpoint.image"
    if not endpoint.capture_percent:
        yield f"{reason} and endpoint.capture_percent 0: the numbers are those of captured responses"
    if endpoint.autoscaling:
        # "DataCaptureConfig: (Not currently supported.)", the API says of properties that an update may not retain.
        yield f"{reason} and endpoint.autoscaling: a new fleet may then capture where the old one does"


def training_errors(training: Training, tuning: Tuning, features: Features, *, metric: str) -> Iterator[str]:
    """What a training image needs, and what is Slipway's own training's alone; `metric` is the gate's."""
    if training.image is None:
        if IMAGE in tuning.algorithms:
            yield f"training.image must be given where tuning.algorithms has {IMAGE}"
        return
    if (needed := f"validation:{metric}") not in training.metric_definitions and not is_builtin(training.image):
        named = ", ".join(training.metric_definitions) or "none"
        yield f"training.metric_definitions must have {needed}, by which the search goes, got {named}"
    if tuning.algorithms:
        yield f"tuning.algorithms must be left out with training.image, got {', '.join(tuning.algorithms)}"
    if features != Features():
        yield "features must be left out with training.image, which makes its own"


def own_model_errors(gate: Gate, decision: DecisionRule, value: Value | None) -> Iterator[str]:
    """A model that nothing of Slipway's can read is compared with one limit."""
    both = "training.image and endpoint.image"
    if gate.threshold is None:
        yield f"gate.threshold must be given with {both}: it is the limit for the metric that the training reports"
    for name in (name for name in Gate.model_fields if name not in ("threshold", "metric") and gate.differs_in(name)):
        yield f"gate.{name} must be left out with {both}: the model is not evaluated, its training reports one metric"
    for name, given in (("value", value is not None), ("decision", decision != DecisionRule())):
        if given:
            yield f"{name} must be left out with {both}: Slipway makes no decision with the model's responses"


def builtin_errors(
    training: Training, endpoint: Endpoint, tuning: Tuning, data: Data, *, problem: str, metric: str
) -> Iterator[str]:
    """What SageMaker's own XGBoost image needs: numbers alone, and its own server."""
    if training.image != endpoint.image:
        yield f"training.image and endpoint.image must both be {NAME}, which alone reads its models"
        return
    if problem not in METRICS:
        yield f"problem must be {' or '.join(METRICS)} with {NAME}, whose answer is one number, got {problem}"
        return
    if metric not in METRICS[problem]:
        yield f"gate.metric must be one that {NAME} reports, {', '.join(METRICS[problem])}, got {metric}"
    if others := [name for name, kind in data.columns.items() if kind != "number"]:
        yield f"data.columns must be numbers with the image {NAME}, which reads nothing else, got {', '.join(others)}"
    if training.metric_definitions:
        yield f"training.metric_definitions must be left out with {NAME}: SageMaker has its own, and refuses others"
    for name in REQUIRED:
        if name not in tuning.fixed and name not in tuning.ranges:
            yield f"tuning.fixed must have {name} with the image {NAME}"
