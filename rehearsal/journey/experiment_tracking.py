"""Record a training run of the rehearsal in SageMaker Experiments, and in MLflow where the user has one."""

from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.journey.phases import PhaseLog
from slipway.errors import SlipwayError
from slipway.operations.tracking import track

_REHEARSED = " (rehearsal)"
"""Ends the name of an experiment in MLflow, so that runs of rehearsals and of AWS lie apart."""


def track_execution(aws: EmbeddedAws, execution: str, *, experiment: str, phase: PhaseLog) -> None:
    """What is refused is one line: the launch is what is rehearsed."""
    if not execution:
        return
    try:
        tracked = track(aws.client("sagemaker"), aws.client("s3"), execution, experiment=f"{experiment}{_REHEARSED}")
        for line in tracked.in_words:
            phase.log(line)
    except SlipwayError as exc:
        phase.log(f"not tracked: {exc}")
