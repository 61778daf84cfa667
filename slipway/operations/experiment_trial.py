"""What SageMaker leaves out of an execution's trial in SageMaker Experiments: a search's jobs, and the evaluation."""

from dataclasses import dataclass
from typing import Any

from slipway.operations.tracked_execution import TrackedExecution


@dataclass(frozen=True)
class ExperimentTrial:
    experiment: str
    trial: str
    components: int
    """Those of the training jobs and of the evaluation; SageMaker adds that of Prepare."""


def complete_trial(sagemaker: Any, execution: TrackedExecution) -> ExperimentTrial | None:
    """Associate the jobs' components with the trial, and note the evaluation's figures; None without a trial.

    A tuning job's request has no experiment, and a processing job has no metrics. Repeating it changes nothing.
    """
    if execution.trial is None:
        return None
    trial, associated = execution.trial, _components(sagemaker, TrialName=execution.trial)
    for job in execution.jobs:
        for component in _components(sagemaker, SourceArn=job.arn):
            if component not in associated:
                sagemaker.associate_trial_component(TrialComponentName=component, TrialName=trial)
            if job.is_evaluation and job.metrics:
                figures = {name: {"NumberValue": value} for name, value in job.metrics.items()}
                sagemaker.update_trial_component(TrialComponentName=component, Parameters=figures)
    return ExperimentTrial(str(execution.experiment), trial, len(execution.jobs))


def _components(sagemaker: Any, **of: str) -> list[str]:
    pages = sagemaker.get_paginator("list_trial_components").paginate(**of)
    return [each["TrialComponentName"] for page in pages for each in page["TrialComponentSummaries"]]
