"""ARNs in the account and region that a stack is deployed to."""

import aws_cdk as cdk

PARTITION, REGION, ACCOUNT = cdk.Aws.PARTITION, cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID
URL_SUFFIX = cdk.Aws.URL_SUFFIX
"""Pseudo parameters, read once: `Stack.of(scope).format_arn` makes two calls into CDK's process for each ARN."""

OWN_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
"""The condition that a service acts for a resource of this account."""


def arn(service: str, resource: str) -> str:
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"
