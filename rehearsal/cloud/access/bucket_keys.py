"""The KMS keys of buckets, from the templates they were deployed with: the emulator itself keeps none."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def bucket_keys(cloudformation: Any) -> dict[str, str]:
    """Bucket name → the ARN of its key, for every bucket of a stack that names one."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"]]
    found: dict[str, str] = {}
    for stack in stacks:
        name, account = stack["StackName"], stack["StackId"].split(":")
        rows = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        ids = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}
        if not any(row["ResourceType"] == "AWS::S3::Bucket" for row in rows):
            continue
        for id_, key in _keys(_resources(cloudformation.get_template(StackName=name)["TemplateBody"])):
            if arn := _arn(key, ids, region=account[3], account=account[4]):
                found[ids[id_]] = arn
    return found


def _resources(template: Any) -> Mapping[str, Any]:
    """Of a template in JSON, as the CDK writes the app's; the toolkit's own is YAML."""
    try:
        found: Mapping[str, Any] = (json.loads(template) if isinstance(template, str) else template)["Resources"]
    except ValueError:
        return {}
    return found


def _keys(resources: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for id_, resource in resources.items():
        encryption = resource.get("Properties", {}).get("BucketEncryption", {})
        for rule in encryption.get("ServerSideEncryptionConfiguration", ()):
            if key := rule.get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID"):
                yield id_, key


def _arn(key: Any, ids: Mapping[str, str], *, region: str, account: str) -> str | None:
    """Of a key in the same stack, or given as it is; others have a policy of their own to answer to."""
    match key:
        case {"Fn::GetAtt": [str(id_), "Arn"]}:
            physical = ids[id_]
            return physical if physical.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{physical}"
        case str():
            return key
    return None
