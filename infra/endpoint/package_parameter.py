"""The parameter that says which model package an endpoint serves."""

import aws_cdk as cdk
from constructs import Construct


class PackageParameter(cdk.CfnParameter):
    """Empty before the first rollout; otherwise a package of the one group."""

    def __init__(self, scope: Construct, id_: str, *, package_group: str) -> None:
        super().__init__(
            scope,
            id_,
            type="String",
            default="",
            description="The model package to serve; empty for none",
            allowed_pattern=rf"^$|^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{{12}}:model-package/{package_group}/\d+$",
            constraint_description=f"must be empty or the ARN of a package of {package_group}",
        )
