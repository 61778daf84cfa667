"""ARNs of what is named in the account and region that a stack is deployed to."""

import aws_cdk as cdk

PARTITION, REGION, ACCOUNT = cdk.Aws.PARTITION, cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID
URL_SUFFIX = cdk.Aws.URL_SUFFIX
"""Pseudo parameters, asked for once: `Stack.of(scope).format_arn` crosses to CDK's process twice an ARN."""

OWN_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
"""The condition that a service acts for this account, and for nobody else's resources."""


def arn(service: str, resource: str) -> str:
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"
