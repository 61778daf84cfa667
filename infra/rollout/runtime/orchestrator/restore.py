"""The restore: the stack names again what the endpoint served before, and the endpoint is read to verify it."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.rollout.steps import RolloutStep

from . import live, stack
from .live import Live
from .run import CallError, Run

POLLS = 180
"""Of the longest wait for what happens without users."""


class NotRestored(Exception):  # noqa: N818 -- an outcome and no fault of the program
    """A person has to look; the text is the reason for the restore."""


def restore_seconds(timeout_seconds: int) -> int:
    return max(15, timeout_seconds // POLLS)


def restore(run: Run, previous: Live | None, reason: str) -> str:
    """Bring back what served before, None where nothing was changed yet; returns the reason, in words.

    Only a parameter that still names the failed package is set back: anything else is someone's later decision.

    Raises:
        NotRestored: the endpoint was not seen to serve what its stack names.
    """
    seconds = restore_seconds(run.target.timeout_seconds)
    try:
        now = stack.read_settled(run, RolloutStep.READ_STACK, seconds)
        if previous is None:
            return reason
        failed: Live | None = None
        while now["package"] == run.request.package:
            # Where nothing served before, CloudFormation deletes the candidate's config and model with the endpoint.
            failed = failed or (_name_candidate(run) if previous.package else Live())
            begun = stack.update(run, RolloutStep.RESTORE, previous.package, has_served=True)
            now = stack.read_settled(run, RolloutStep.WAIT_FOR_RESTORE, seconds)
            if begun is not stack.Begun.BUSY:
                break
            run.steps.wait(RolloutStep.RESTORE, seconds)
    except CallError as exc:
        raise NotRestored(reason) from exc
    overtaken = now["package"] not in (run.request.package, previous.package)
    if overtaken:
        reason = f"{reason}; meanwhile someone decided for {now['package']}, which is left as it is"
    try:
        serving = live.read_settled(run).live
    except CallError as exc:
        raise NotRestored(f"{reason}; what the endpoint serves now could not be seen: {exc.message}") from exc
    # Both: an endpoint in order under a stack that names another package is the next surprise.
    if now["status"].endswith("_FAILED") or serving.package != now["package"]:
        raise NotRestored(reason)
    if not overtaken:
        if now["package"] != previous.package:
            raise NotRestored(reason)
        _delete_unused(run, failed or Live(), previous, serving)
    return reason


def _name_candidate(run: Run) -> Live:
    """The config and model of the failed package, while the stack still has them.

    What cannot be named is left where it is: configs and models cost nothing.
    """

    def name() -> dict[str, str]:
        try:
            resource = run.client("cloudformation").describe_stack_resource(
                StackName=run.target.stack, LogicalResourceId=stack.CONFIG_RESOURCE
            )
            # The physical id is the ARN, which ends in the name.
            config = resource["StackResourceDetail"]["PhysicalResourceId"].rpartition("/")[2]
            described = run.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
        except (ClientError, BotoCoreError):
            return {}
        return {"config": config, "model": described["ProductionVariants"][0]["ModelName"]}

    return Live(**run.steps.do(RolloutStep.NAME_CANDIDATE, name))


def _delete_unused(run: Run, failed: Live, previous: Live, serving: Live) -> None:
    """The endpoint serves neither the failed config nor, as the stack has made a new one, the config of before.

    Where SageMaker refused that one too, the config of before still serves, and stays.
    """
    for each in (failed, previous):
        if each.config and each.config != serving.config:
            run.steps.do(RolloutStep.DELETE_FAILED, lambda each=each: delete(run, each))  # type: ignore[misc]


def delete(run: Run, unused: Live) -> bool:
    """A config and its model, within a step; whether both were deleted.

    Each is tried: a step that was cut off between the two is done again, and AWS refuses to delete what has no tags
    any more because it is gone.
    """
    sagemaker: Any = run.client("sagemaker")
    deleted = True
    for delete_one, name in (
        (sagemaker.delete_endpoint_config, {"EndpointConfigName": unused.config}),
        (sagemaker.delete_model, {"ModelName": unused.model}),
    ):
        if not all(name.values()):
            continue
        try:
            delete_one(**name)
        except (ClientError, BotoCoreError):
            deleted = False
    return deleted
