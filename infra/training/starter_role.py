"""The role that starts training after a deployment, for CodePipeline's build or a workflow on GitHub."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.shared.approval import may_not_approve, may_not_register_approved
from infra.shared.arns import ACCOUNT, PARTITION, arn
from infra.shared.policy import PolicyRole, allow
from slipway.settings import Settings


class StarterRole(PolicyRole):
    """Starts one pipeline, reads about its data, stacks and rollouts, and invokes the smoke test; approves nothing."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, data_bucket: s3.IBucket) -> None:
        names = settings.names
        pipeline = arn("sagemaker", f"pipeline/{names.pipeline}")
        rollout = arn("lambda", f"function:{names.rollout_function}")
        packages = arn("sagemaker", f"model-package/{names.package_group}/*")
        super().__init__(
            scope,
            id_,
            role_name=names.starter_role,
            description="Starts training after a deployment",
            assumed_by=_starters(settings),
            statements=[
                allow(
                    "sagemaker:StartPipelineExecution",
                    "sagemaker:DescribePipeline",
                    "sagemaker:ListPipelineExecutions",
                    on=[pipeline],
                ),
                allow("sagemaker:DescribePipelineExecution", on=[f"{pipeline}/execution/*"]),
                allow("cloudformation:DescribeStacks", on=[arn("cloudformation", f"stack/{names.prefix}-*/*")]),
                allow("s3:ListBucket", on=[data_bucket.bucket_arn]),
                allow("sagemaker:DescribeEndpoint", on=[arn("sagemaker", f"endpoint/{names.endpoint}")]),
                # The smoke test: which model, the function that tests, and whether a rollout was rolled back.
                allow("sagemaker:DescribeModelPackage", on=[packages]),
                allow("lambda:InvokeFunction", on=[arn("lambda", f"function:{names.smoke_test}")]),
                allow(
                    "lambda:ListVersionsByFunction",
                    "lambda:ListDurableExecutionsByFunction",
                    on=[f"{rollout}{qualified}" for qualified in ("", ":*")],
                ),
                may_not_approve(),
                may_not_register_approved(),
            ],
        )


def _starters(settings: Settings) -> iam.IPrincipal:
    """Principals of this account; or those of the delivery's account, and here the stage's workflows only."""
    here = iam.AccountPrincipal(ACCOUNT)
    if settings.delivery_account is None:
        return here
    workflows = f"arn:{PARTITION}:iam::{ACCOUNT}:role/*-{settings.stage}-github"
    return iam.CompositePrincipal(
        iam.AccountPrincipal(settings.delivery_account),
        here.with_conditions({"ArnLike": {"aws:PrincipalArn": workflows}}),
    )
