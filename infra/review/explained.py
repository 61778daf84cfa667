"""Every wildcard and every suppressed finding of the stacks, with its reason."""

from infra.review.finding import Explained

_LOGS = "log streams are made under the group that is named; a stream's name is SageMaker's or CodeBuild's"
_GRANTS = "the CDK's grant for one bucket and one prefix or one key; the wildcard spans versions of the same verb"
_NO_RESOURCE = "the action knows no resource"
_DELIVERY = "log deliveries have no resource type; Step Functions needs them to log"

EXPLAINED = (
    # cdk-nag: wildcards in policies
    Explained(r"AwsSolutions-IAM5\[Action::(s3|kms):\w+\*\]", _GRANTS),
    Explained(r"AwsSolutions-IAM5\[Resource::arn:.*:log-group:.*:\*\]", _LOGS),
    Explained(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        "each action behind it is listed below by its name, as Wildcard[…]",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::[\w-]+-storage:ExportsOutput\w+/((pipeline|capture|audit|replay|outcomes|monitoring)/.*)?\*\]",
        "objects below one prefix of one bucket; their names are the jobs'",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:model-package/[\w-]+/\*\]",
        "the versions of one registry group",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:(processing|training)-job/(pipelines|[\w-]+-(gates|monitor))-\*\]",
        "jobs that the pipeline, the gates or the monitor start: the rest of the name is the execution's",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:hyper-parameter-tuning-job/\*\]",
        "SageMaker names the tuning jobs of a pipeline after its execution, without a prefix",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:pipeline/[\w-]+/execution/\*\]",
        "the executions of one pipeline",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:(endpoint-config|model)/\*\]",
        "CloudFormation names them; a condition on the endpoint's tag says which",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:cloudformation:.*:stack/[\w*-]+/\*\]",
        "a stack's ARN ends in its generation",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:cloudwatch:.*:alarm:\*\]",
        "guardrails read the alarms of the new endpoint config, whose name nobody knows yet",
    ),
    Explained(r"AwsSolutions-IAM5\[Resource::<\w+\.Arn>:\*\]", "the versions of one function"),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:ec2:.*:network-interface/\*\]",
        "SageMaker's own interfaces, whose names nobody knows yet; the subnets and groups they are made in are named",
    ),
    # cdk-nag: others
    Explained(
        r"AwsSolutions-L1",
        "the runtime is pinned and tested; the rule asks for the newest the CDK knows",
    ),
    Explained(
        r"AwsSolutions-SF2",
        "executions are logged whole; tracing would add a wildcard permission and no fact",
    ),
    # actions on every resource
    Explained(r"Wildcard\[ecr:GetAuthorizationToken\]", "the token is the account's, not a repository's"),
    Explained(r"Wildcard\[cloudwatch:GetMetricData\]", _NO_RESOURCE),
    Explained(r"Wildcard\[cloudwatch:PutMetricData\]", f"{_NO_RESOURCE}; a condition names the namespace"),
    Explained(r"Wildcard\[logs:(Create|Get|Update|Delete|List)LogDeliver(y|ies)\]", _DELIVERY),
    Explained(r"Wildcard\[logs:(PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)\]", _DELIVERY),
    Explained(
        r"Wildcard\[ec2:Describe(NetworkInterfaces|Vpcs|DhcpOptions|Subnets|SecurityGroups)\]",
        f"{_NO_RESOURCE}; SageMaker looks at the network before it makes an interface there",
    ),
    # what AWS has not for serverless endpoints
    Explained(
        r"EndpointGuarded\[serverless\]",
        "without instances there are no guardrails; the rollout asks the gates first, and its smoke test puts back",
    ),
    Explained(r"ModelIsolated\[serverless\]", "AWS refuses network isolation there; the image reaches out for nothing"),
    # cfn-lint
    Explained(
        r"W3005",
        "a role is also waited for as a whole: its policy must be there before what uses it, which GetAtt does not say",
    ),
)
