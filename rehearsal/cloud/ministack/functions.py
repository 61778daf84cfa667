"""The processes in which ministack runs Lambda functions."""

from ministack.core import lambda_runtime as _lambda_runtime


def end_all() -> None:
    """End every worker, busy or idle."""
    _lambda_runtime.reset()
