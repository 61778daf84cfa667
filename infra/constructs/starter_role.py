"""The role of whoever starts training after a deployment: CodePipeline's build, or a workflow on GitHub."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.settings import Settings
from infra.constructs.approval import may_not_approve, may_not_register_approved


class StarterRole(iam.Role):
    """Starts one pipeline, looks at its data and stacks, and invokes the smoke test; approves nothing."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, data_bucket: s3.IBucket) -> None:
        stack, names = cdk.Stack.of(scope), settings.names
        super().__init__(
            scope,
            id_,
            role_name=names.starter_role,
            description="Starts training after a deployment",
            assumed_by=iam.AccountPrincipal(settings.delivery_account or stack.account),
        )
        pipeline = stack.format_arn(service="sagemaker", resource="pipeline", resource_name=names.pipeline)
        self._allow(
            "sagemaker:StartPipelineExecution",
            "sagemaker:DescribePipeline",
            "sagemaker:ListPipelineExecutions",
            on=[pipeline],
        )
        self._allow("sagemaker:DescribePipelineExecution", on=[f"{pipeline}/execution/*"])
        self._allow(
            "cloudformation:DescribeStacks",
            on=[stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{names.prefix}-*/*")],
        )
        self._allow("s3:ListBucket", on=[data_bucket.bucket_arn])
        self._allow(
            "sagemaker:DescribeEndpoint",
            on=[stack.format_arn(service="sagemaker", resource="endpoint", resource_name=names.endpoint)],
        )
        self.add_to_policy(may_not_approve())
        self.add_to_policy(may_not_register_approved())

    def _allow(self, *actions: str, on: list[str]) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=on))
