"""What happens to data when its stack is deleted."""

import aws_cdk as cdk


def removal_policy(*, keep_data: bool) -> cdk.RemovalPolicy:
    """Keep it, or delete it with the stack.

    A bucket that is not empty cannot be deleted either way: a person decides to empty it.
    """
    return cdk.RemovalPolicy.RETAIN if keep_data else cdk.RemovalPolicy.DESTROY
