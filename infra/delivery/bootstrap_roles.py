"""The roles that `cdk bootstrap` makes in an account: a principal that may assume them may deploy, and nothing more."""

import aws_cdk as cdk
from constructs import Construct

from infra.shared.policy import Statement, allow
from slipway.settings import DeliveryStage

_KINDS = ("deploy", "file-publishing", "lookup")


def may_deploy(scope: Construct, stage: DeliveryStage) -> Statement:
    """Assume the bootstrap roles of the stage's account and region, the scope's own where it names none."""
    stack = cdk.Stack.of(scope)
    account, region = stage.account or stack.account, stage.region or stack.region
    qualifier = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    roles = (f"role/cdk-{qualifier}-{kind}-role-{account}-{region}" for kind in _KINDS)
    return allow("sts:AssumeRole", on=[f"arn:{stack.partition}:iam::{account}:{role}" for role in roles])


def may_start(scope: Construct, stage: DeliveryStage) -> Statement:
    """Assume the stage's starter roles: each training stack has one, for its pipeline and its smoke test."""
    stack = cdk.Stack.of(scope)
    account = stage.account or stack.account
    # By a pattern, so that a new use case needs no new policy.
    return allow("sts:AssumeRole", on=[f"arn:{stack.partition}:iam::{account}:role/*-{stage.name}-starter"])
