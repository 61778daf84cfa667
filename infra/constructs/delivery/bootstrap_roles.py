"""The roles that `cdk bootstrap` makes in an account: whoever may assume them may deploy there, and nothing more."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from blueprint.settings import DeliveryStage

_KINDS = ("deploy", "file-publishing", "lookup")


def may_deploy(scope: Construct, stage: DeliveryStage) -> iam.PolicyStatement:
    """Assume the bootstrap roles of the stage's account and region, the scope's own where it names none."""
    stack = cdk.Stack.of(scope)
    account, region = stage.account or stack.account, stage.region or stack.region
    qualifier = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    return iam.PolicyStatement(
        actions=["sts:AssumeRole"],
        resources=[
            f"arn:{stack.partition}:iam::{account}:role/cdk-{qualifier}-{kind}-role-{account}-{region}"
            for kind in _KINDS
        ],
    )


def may_start(scope: Construct, stage: DeliveryStage) -> iam.PolicyStatement:
    """Become the stage's starters: each training stack holds one, which may start its pipeline and its smoke test."""
    stack = cdk.Stack.of(scope)
    account = stage.account or stack.account
    return iam.PolicyStatement(
        actions=["sts:AssumeRole"],
        # The use cases' names are not the delivery's to know: a new one needs no new policy.
        resources=[f"arn:{stack.partition}:iam::{account}:role/*-{stage.name}-starter"],
    )
