"""The gate and the package of a model that nothing of Slipway's can read: its own training reports the metric."""

from dataclasses import replace

from slipway.settings import Settings
from slipway.settings.hyperparameters import IMAGE
from slipway.training.condition_step import Condition, ConditionStep, FailStep
from slipway.training.package_contents import data_quality, origin, served_container
from slipway.training.parameters import Parameters
from slipway.training.processing_step import ProcessingStep
from slipway.training.references import Join, as_text
from slipway.training.registration import RegisterModelStep, ServedContainer
from slipway.training.step import RetryPolicy
from slipway.training.tuning_step import TuningStep

REPORTED_BY = "the training image on the validation split"
"""The property `gate_metric_by` of such a package."""


def reported_gate(
    settings: Settings,
    parameters: Parameters,
    *,
    image_uri: str,
    prepare: ProcessingStep,
    tune: TuningStep,
    retries: tuple[RetryPolicy, ...],
) -> ConditionStep:
    """Register the search's best model if the metric that its training reported keeps the gate's limit.

    Raises:
        ValueError: the settings have no limit.
    """
    limit, metric = parameters.gate_threshold, settings.objective_metric
    if limit is None:
        raise ValueError("gate.threshold must be given for a model that is not evaluated")
    package = _package(settings, parameters, served_container(settings, image_uri, {}), prepare, tune)
    rises = settings.direction == "maximize"
    must = "at least" if rises else "at most"
    reason = Join(
        (
            f"the gate refused the candidate: its training reports {metric} ",
            as_text(tune.best_objective),
            f", and it must be {must} ",
            as_text(limit),
        )
    )
    return ConditionStep(
        name="Gate",
        conditions=(Condition("GreaterThanOrEqualTo" if rises else "LessThanOrEqualTo", tune.best_objective, limit),),
        if_steps=(replace(package, retries=retries),),
        else_steps=(FailStep(name="Refuse", error_message=reason),),
    )


def _package(
    settings: Settings, parameters: Parameters, served: ServedContainer, prepare: ProcessingStep, tune: TuningStep
) -> RegisterModelStep:
    threshold = parameters.gate_threshold
    return RegisterModelStep(
        name="Register",
        package_group=settings.names.package_group,
        served=served,
        model=tune.best_model,
        instance_type=settings.endpoint.instance_type,
        approval_status=parameters.model_approval_status,
        data_quality=data_quality(prepare),
        commit=parameters.source_commit,
        provenance={
            **origin(settings, parameters, prepare, served),
            "algorithm": IMAGE,
            "training_image": str(settings.training.image),
            "training_job": tune.value("BestTrainingJob.TrainingJobName"),
            "gate_metric": settings.metric,
            "gate_metric_by": REPORTED_BY,
            **({} if threshold is None else {"gate_threshold": as_text(threshold)}),
            "gate_value": as_text(tune.best_objective),
        },
        description=settings.description,
    )
