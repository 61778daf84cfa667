"""The quotas of AWS that a stage needs, all of its parts at work at the same time."""

from dataclasses import dataclass

from slipway.costs.cost_estimate import REPLAY_SERVERS, extra_instances
from slipway.rollout.plan import deployment_config, plan_from_deployment_config
from slipway.rounding import counted
from slipway.settings import Settings

SAGEMAKER, CODEBUILD = "sagemaker", "codebuild"
"""Service codes of Service Quotas."""


@dataclass(frozen=True)
class Need:
    """A need of a quota, by its name in Service Quotas, and what for."""

    service: str
    quota: str
    value: int
    why: str


def needs(settings: Settings) -> tuple[Need, ...]:
    """What one use case's stage needs; what else runs in the account comes on top."""
    build = Need(CODEBUILD, "Concurrently running builds for Linux/Small environment", 1, "the image, while deploying")
    return (*_endpoint(settings), *_training(settings), *_processing(settings), *_transform(settings), build)


def _endpoint(settings: Settings) -> tuple[Need, ...]:
    """Both fleets of a rollout, as large as autoscaling may have made them."""
    endpoint = settings.endpoint
    if not endpoint.facts.has_instances:
        return ()
    most = endpoint.most_instances
    plan = plan_from_deployment_config(deployment_config(settings.rollout, ()), instances=most)
    shadow = settings.rollout.shadow.instances(most) if settings.rollout.shadow.enabled else 0
    challengers = settings.experiment.challengers * most if settings.experiment else 0
    # Adding challengers makes the live fleet anew, beside the one that serves.
    beside = max(extra_instances(plan) + shadow, most + challengers if challengers else 0)
    both = most + beside
    why = f"{counted(most, 'instance')}, and {extra_instances(plan)} of a rollout's new fleet beside them"
    if challengers and beside == most + challengers:
        why = f"{counted(most, 'instance')}, and {beside} of the fleets that an experiment adds beside them"
    elif shadow:
        why = f"{why}, and {shadow} of the shadow"
    if endpoint.image and most + REPLAY_SERVERS > both:
        both, why = most + REPLAY_SERVERS, f"{counted(most, 'instance')}, and {REPLAY_SERVERS} that a replay is sent to"
    return (
        Need(SAGEMAKER, f"{endpoint.instance_type} for endpoint usage", both, why),
        Need(SAGEMAKER, "Number of instances across active endpoints", both, why),
        Need(SAGEMAKER, "Maximum number of instances per endpoint", both, why),
    )


def _training(settings: Settings) -> tuple[Need, ...]:
    jobs, spot = settings.search.parallel_jobs + 1, "spot " if settings.training.spot else ""
    why = f"{counted(jobs - 1, 'job')} of Tune, and Reference beside them"
    return (
        Need(SAGEMAKER, f"{settings.training.training_instance_type} for {spot}training job usage", jobs, why),
        Need(SAGEMAKER, f"Number of instances across all {spot}training jobs", jobs, why),
    )


def _processing(settings: Settings) -> tuple[Need, ...]:
    parts = ["Prepare or Evaluate", "a rollout's gates", *(["the monitor"] if settings.monitoring.schedule else [])]
    parts += ["a batch's steps"] if settings.batch else []
    why = f"one job each of {', '.join(parts)}"
    return (
        Need(SAGEMAKER, f"{settings.training.processing_instance_type} for processing job usage", len(parts), why),
        Need(SAGEMAKER, "Number of instances across all processing jobs", len(parts), why),
    )


def _transform(settings: Settings) -> tuple[Need, ...]:
    batch = settings.batch
    if batch is None:
        return ()
    why = f"the instances of a batch's transform job, {batch.instance_count}"
    return (
        Need(SAGEMAKER, f"{batch.instance_type} for transform job usage", batch.instance_count, why),
        Need(SAGEMAKER, "Number of instances across all transform jobs", batch.instance_count, why),
    )
