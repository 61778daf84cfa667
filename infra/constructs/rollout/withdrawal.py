"""Rejecting the package that serves: the endpoint goes back to the newest package that is still approved."""

from infra.constructs.rollout.look import REJECTED
from infra.constructs.rollout.states import States, choose, equal, note, present, same, task, when
from infra.constructs.rollout.update import publish

WAS_REJECTED = "WasRejected"


def withdrawal_states(*, endpoint: str, package_group: str, state_machine_arn: str, topic_arn: str) -> States:
    """From `WasRejected`; an approval leaves for `ReadPackage`.

    The way back is a rollout of its own, judged and guarded like every other.
    """
    return {
        WAS_REJECTED: choose(
            when(present("$.ModelApprovalStatus"), equal("$.ModelApprovalStatus", "Rejected"), then="LookRejected"),
            otherwise="ReadPackage",
        ),
        "LookRejected": note("$.phase", REJECTED, then="ReadEndpoint"),
        "IsRejectedLive": choose(
            when(same("$.live.model_package", "$.ModelPackageArn"), then="ReadRejected"), otherwise="NothingToDo"
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
                "MaxResults": 1,
            },
            result="$.approved",
            select={"arns.$": "$.ModelPackageSummaryList[*].ModelPackageArn"},
            then="IsOneApproved",
            caught="TellNotWithdrawn",
        ),
        "IsOneApproved": choose(when(present("$.approved.arns[0]"), then="NameNext"), otherwise="TellNotWithdrawn"),
        **_way_back(endpoint, state_machine_arn, topic_arn),
    }


def _way_back(endpoint: str, state_machine_arn: str, topic_arn: str) -> States:
    return {
        # Marked, because nobody holds the way back.
        "NameNext": note(
            "$.next", parameters={"ModelPackageArn.$": "$.approved.arns[0]", "GoesBack": True}, then="StartNext"
        ),
        "StartNext": task(
            "sfn:startExecution",
            {"StateMachineArn": state_machine_arn, "Input.$": "States.JsonToString($.next)"},
            then="TellWithdrawn",
            caught="TellNotWithdrawn",
        ),
        "TellWithdrawn": publish(
            topic_arn,
            f"{endpoint}: live model rejected",
            f"States.Format('{{}} serves endpoint {endpoint} and was rejected; going back to {{}}', "
            "$.ModelPackageArn, $.next.ModelPackageArn)",
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
