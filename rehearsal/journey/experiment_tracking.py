"""Log a training run of the rehearsal to MLflow, where the user has one."""

from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.journey.phases import PhaseLog
from slipway.errors import SlipwayError
from slipway.operations.aws_errors import readable_errors
from slipway.operations.mlflow_tracking import log_to_mlflow, tracking_uri
from slipway.operations.tracked_execution import tracked_execution


def track_if_wanted(aws: EmbeddedAws, execution: str, *, experiment: str, phase: PhaseLog) -> None:
    """What MLflow refuses is one line: the launch is what is rehearsed."""
    if tracking_uri() is None or not execution:
        return
    try:
        with readable_errors():
            found = tracked_execution(aws.client("sagemaker"), aws.client("s3"), execution)
        made = log_to_mlflow(found, experiment=experiment)
        phase.log(f"logged to MLflow: run {made.run_id} in experiment {made.experiment}")
    except SlipwayError as exc:
        phase.log(f"not logged to MLflow: {exc}")
