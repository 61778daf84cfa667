"""A rollout that finds its endpoint stopped by its schedule starts the model that was stopped, and then goes on.

So a candidate that is approved at night meets the live model as by day: at the gates, by canary, and with a model to
go back to. Where the stopped one cannot be started, the candidate is let in like a first model.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.rollout.steps import RolloutStep

from . import stack
from .live import Live
from .run import CallError, Rejection, Run

NOTHING_STOPPED = "none"
"""The value of the parameter while the endpoint runs; SSM takes no empty one."""
POLL_SECONDS = 15


def start_stopped(run: Run, previous: Live) -> bool:
    """Whether anything was changed, so that everything has to be read again."""
    if not run.target.stopped_parameter or previous.package:
        return False
    try:
        package = run.steps.do(RolloutStep.READ_STOPPED, lambda: read(run))
    except CallError as exc:
        raise Rejection(f"whether the endpoint is stopped could not be read: {exc}", by="schedule") from exc
    if not package or package == run.request.package:
        return False
    try:
        if not run.steps.do(RolloutStep.START_STOPPED, lambda: is_approved(run, package)):
            return False
        begun = stack.update(run, RolloutStep.START_STOPPED, package)
        if begun is stack.Begun.NOTHING_TO_DO:
            return True
        now = stack.read_settled(run, RolloutStep.WAIT_FOR_START, POLL_SECONDS)
    except CallError:
        return False
    if now["package"] == package:
        run.steps.do(RolloutStep.CLEAR_STOPPED, lambda: clear(run))
    return True


def read(run: Run) -> str:
    """The package that was stopped, or empty; within a step."""
    try:
        found = run.client("ssm").get_parameter(Name=run.target.stopped_parameter)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return ""
    value = str(found["Parameter"]["Value"])
    return "" if value == NOTHING_STOPPED else value


def write(run: Run, value: str) -> bool:
    ssm: Any = run.client("ssm")
    ssm.put_parameter(Name=run.target.stopped_parameter, Value=value, Type="String", Overwrite=True)
    return True


def clear(run: Run) -> bool:
    try:
        return write(run, NOTHING_STOPPED)
    except (ClientError, BotoCoreError):
        return False  # the schedule finds the endpoint running, and leaves it as it is


def is_approved(run: Run, package: str) -> bool:
    found = run.client("sagemaker").describe_model_package(ModelPackageName=package)
    return str(found["ModelApprovalStatus"]) == "Approved"
