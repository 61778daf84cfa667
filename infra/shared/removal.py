"""What becomes of data when its stack goes."""

import aws_cdk as cdk


def removal_policy(*, keep_data: bool) -> cdk.RemovalPolicy:
    """Keep it, or delete it with the stack.

    A bucket that still holds objects stops its own deletion either way: emptying one is a person's decision.
    """
    return cdk.RemovalPolicy.RETAIN if keep_data else cdk.RemovalPolicy.DESTROY
