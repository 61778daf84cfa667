"""The gate on what Evaluate has measured, and the registration of the model that it chose."""

from dataclasses import replace

from slipway.settings import Settings
from slipway.training.condition_step import Condition, ConditionStep, FailStep
from slipway.training.gate_rule import gate_rule
from slipway.training.package_contents import data_quality, origin, served_container
from slipway.training.parameters import Parameters
from slipway.training.processing_step import ProcessingStep
from slipway.training.references import Join, as_text
from slipway.training.registration import CHAMPION_DIFFERENCE, MODEL_SHA256, MODEL_SHA256_VARIABLE, RegisterModelStep
from slipway.training.step import RetryPolicy


def evaluated_gate(
    settings: Settings,
    parameters: Parameters,
    *,
    image_uri: str,
    prepare: ProcessingStep,
    evaluate: ProcessingStep,
    retries: tuple[RetryPolicy, ...],
) -> ConditionStep:
    """Register the model that Evaluate chose, the tuned one or the reference, if every requirement is met."""
    requirements = gate_rule(settings, parameters.gate_threshold)
    package = _package(settings, parameters, image_uri, prepare, evaluate)
    reasons = evaluate.json("Evaluation", "gate.reasons")
    return ConditionStep(
        name="Gate",
        conditions=tuple(
            Condition(each.comparison, evaluate.json("Evaluation", each.value), each.limit) for each in requirements
        ),
        if_steps=(replace(package, retries=retries),),
        else_steps=(FailStep(name="Refuse", error_message=Join(("the gate refused the candidate: ", reasons))),),
    )


def _package(
    settings: Settings, parameters: Parameters, image_uri: str, prepare: ProcessingStep, evaluate: ProcessingStep
) -> RegisterModelStep:
    evaluation, card, explainability = (
        Join((evaluate.output("evaluation"), f"{name}.json"), on="/")
        for name in ("evaluation", "model_card", "explainability")
    )
    threshold, sha256 = parameters.gate_threshold, evaluate.json("Evaluation", "model.sha256")
    served = served_container(settings, image_uri, {MODEL_SHA256_VARIABLE: sha256})
    return RegisterModelStep(
        name="Register",
        package_group=settings.names.package_group,
        served=served,
        model=Join((evaluate.output("model"), "model.tar.gz"), on="/"),
        instance_type=settings.endpoint.instance_type,
        approval_status=parameters.model_approval_status,
        model_quality=evaluation,
        explainability=explainability,
        data_quality=data_quality(prepare),
        model_card=evaluate.json("ModelCard", "content"),
        commit=parameters.source_commit,
        provenance={
            **origin(settings, parameters, prepare, served),
            MODEL_SHA256: sha256,
            CHAMPION_DIFFERENCE: evaluate.json("Evaluation", "champion_difference"),
            "algorithm": evaluate.json("Evaluation", "algorithm"),
            "training_job": evaluate.json("Evaluation", "model.training_job"),
            "evaluation": evaluation,
            "model_card": card,
            "gate_metric": settings.metric,
            **({"gate_metric_against": settings.metric_against} if settings.metric_against else {}),
            **({} if threshold is None else {"gate_threshold": as_text(threshold)}),
            "gate_value": as_text(evaluate.json("Evaluation", "gate.value")),
        },
        description=settings.description,
    )
