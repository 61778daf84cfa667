"""Rejecting the package that serves: the endpoint goes back to the newest package that is still approved."""

from infra.rollout.look import REJECTED
from infra.rollout.states import States, absent, choose, equal, note, present, reckon, same, task, when
from infra.rollout.turn import IS_REJECTION
from infra.rollout.update import publish
from slipway.rollout.pause import WAY_BACK

WAS_REJECTED = "WasRejected"
LOOK_REJECTED = "LookRejected"

_MOST_LISTED = 100
_NEXT = (
    "("
    "$version := $states.input.package.ModelPackageVersion;"
    "$approved := $states.input.approved.packages;"  # newest first
    "$before := $approved[ModelPackageVersion < $version][0].ModelPackageArn;"
    "$exists($before) "
    f"? {{'next': {{'ModelPackageArn': $before, 'GoesBack': true}}, 'called': '{WAY_BACK}', 'told': 'going back to'}} "
    ": {'next': {'ModelPackageArn': $approved[0].ModelPackageArn}, 'called': 'next-', "
    "'told': 'no version before it is approved, so this one is rolled out unless rollouts are held:'}"
    ")"
)
"""What comes next: back to the newest version before, which nobody holds.

A later version may be approved and held for a reason: it is rolled out like every other.
"""


def withdrawal_states(*, endpoint: str, package_group: str, state_machine_arn: str, topic_arn: str) -> States:
    """From `WasRejected`; an approval leaves for `ReadPackage`.

    The way back is a rollout of its own, judged and guarded like every other.
    """
    return {
        WAS_REJECTED: choose(
            when(*IS_REJECTION, then=LOOK_REJECTED),
            otherwise="ReadPackage",
        ),
        LOOK_REJECTED: note("$.phase", REJECTED, then="ReadEndpoint"),
        "IsRejectedLive": choose(
            when(same("$.live.model_package", "$.ModelPackageArn"), then="ReadRejected"),
            # Looked at once; what is being rolled out now may be this very package.
            when(absent("$.rollouts"), then="Settle"),
            otherwise="NothingToDo",
        ),
        "ReadRejected": task(
            "sagemaker:describeModelPackage",
            {"ModelPackageName.$": "$.ModelPackageArn"},
            result="$.package",
            then="IsStillRejected",
            caught="TellNotWithdrawn",
        ),
        "IsStillRejected": choose(
            when(equal("$.package.ModelApprovalStatus", "Rejected"), then="ListApproved"), otherwise="NothingToDo"
        ),
        "ListApproved": task(
            "sagemaker:listModelPackages",
            {
                "ModelPackageGroupName": package_group,
                "ModelApprovalStatus": "Approved",
                "SortBy": "CreationTime",
                "SortOrder": "Descending",
                "MaxResults": _MOST_LISTED,
            },
            result="$.approved",
            select={"packages.$": "$.ModelPackageSummaryList"},
            then="IsOneApproved",
            caught="TellNotWithdrawn",
        ),
        "IsOneApproved": choose(when(present("$.approved.packages[0]"), then="NameNext"), otherwise="TellNotWithdrawn"),
        **_way_back(endpoint, state_machine_arn, topic_arn),
    }


def _way_back(endpoint: str, state_machine_arn: str, topic_arn: str) -> States:
    return {
        "NameNext": reckon(_NEXT, then="StartNext"),
        "StartNext": task(
            "sfn:startExecution",
            {
                "StateMachineArn": state_machine_arn,
                # The same at each attempt: one that was answered too late starts no second execution.
                "Name.$": "States.Format('{}{}', $.called, States.Hash($$.Execution.Id, 'MD5'))",
                "Input.$": "States.JsonToString($.next)",
            },
            then="TellWithdrawn",
            caught="TellNotWithdrawn",
        ),
        "TellWithdrawn": publish(
            topic_arn,
            f"{endpoint}: live model rejected",
            f"States.Format('{{}} serves endpoint {endpoint} and was rejected; {{}} {{}}', "
            "$.ModelPackageArn, $.told, $.next.ModelPackageArn)",
            then="Withdrawn",
        ),
        "Withdrawn": {"Type": "Succeed", "Comment": "The rollout of the package before it has been started"},
        "TellNotWithdrawn": publish(
            topic_arn,
            f"{endpoint}: live model rejected, look now",
            f"States.Format('{{}} serves endpoint {endpoint} and was rejected, but there is no other approved package "
            "to go back to, or it could not be started; execution {}', $.ModelPackageArn, $$.Execution.Id)",
            then="NotWithdrawn",
        ),
        "NotWithdrawn": {
            "Type": "Fail",
            "Error": "NotWithdrawn",
            "Cause": "the endpoint serves a rejected package, and no other approved one could be rolled out",
        },
    }
