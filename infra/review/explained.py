"""Every wildcard and every suppressed finding of the stacks, with its reason."""

from infra.review.template_finding import Explained

_LOGS = "streams are made under the group that is named, which for a replay ends in its execution; AWS names them"
_GRANTS = "the CDK's grant for one bucket and one prefix or one key; the wildcard spans versions of the same verb"
_NO_RESOURCE = "the action supports no resource-level permission"
_DELIVERY = "log deliveries have no resource type; Step Functions needs them to log"

EXPLAINED = (
    # cdk-nag: wildcards in policies
    Explained(r"AwsSolutions-IAM5\[Action::(s3|kms):\w+\*\]", _GRANTS),
    Explained(r"AwsSolutions-IAM5\[Resource::arn:.*:log-group:(.*:|/aws/sagemaker/Endpoints/[\w-]+-gates-)\*\]", _LOGS),
    Explained(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        "each action of it is listed below by its name, as Wildcard[…]",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::[\w-]+-storage:ExportsOutput\w+/((pipeline|capture|audit|replay|outcomes|monitoring|experiments|canary-analysis|batch|score)/.*)?\*\]",
        "objects below one prefix of one bucket; their names are the jobs'",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::[\w-]+-storage:ExportsOutput\w+/pipeline/[\w/*]+/model\.tar\.gz\]",
        "models alone, of jobs and executions that are not known yet",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:s3:::[a-z0-9.-]+/.*\*\]",
        "the files of tables, below the locations that batch.query names",
        where=r"[\w-]+-batch/QueryRole/.*",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:model-package/[\w-]+/\*\]",
        "the versions of one registry group",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:(processing-job|training-job|transform-job|model|endpoint|endpoint-config)/"
        r"(pipelines|[\w-]+-(gates|monitor))-\*\]",
        "what the pipeline, the gates or the monitor start, jobs and servers for a replay: the rest of the name is the "
        "execution's",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:hyper-parameter-tuning-job/\*\]",
        "SageMaker names the tuning jobs of a pipeline after its execution, without a prefix",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:sagemaker:.*:experiment-trial(-component)?/\*\]",
        "SageMaker names a trial after its execution and a component after its job, without a prefix; none is deleted",
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
        "guardrails read the alarms of the new endpoint config, whose name is not known yet",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:lambda:.*:function:[\w-]+-(rollout|schedule|experiment):\*\]",
        "the versions of one durable function, and their executions",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::<(CanaryAnalysis|ExperimentAnalysis)\w+\.Arn>:\*\]",
        "the versions of one function: an execution calls the one that it began with",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:ec2:.*:network-interface/\*\]",
        "SageMaker's own interfaces, whose ids are not known yet; the subnets and groups they are made in are named",
    ),
    # cdk-nag: wildcards of the delivery
    Explained(
        r"AwsSolutions-IAM5\[Resource::<ArtifactsBucket\w+\.Arn>/\*\]",
        "the pipeline's own bucket: CodePipeline names what its actions hand to each other",
        where=r"[\w-]+-delivery/.*",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:codebuild:.*:report-group/<\w+>-\*\]",
        "reports below the build's own name; the CDK's pipelines grant them to every build, and none is made",
        where=r"[\w-]+-delivery/.*",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:.*:iam::<AWS::AccountId>:role/\*-[\w-]+-starter\]",
        "a stage's starter roles, by a pattern, so that a new use case needs no new policy; each role's trust decides",
        where=r"[\w-]+-(delivery|github(-\d+)?)/.*",
    ),
    Explained(
        r"AwsSolutions-IAM5\[Resource::arn:\*:iam::<AWS::AccountId>:role/\*\]",
        "the CDK's own grant to the build that deploys the pipeline; a condition names the tag of bootstrap roles",
        where=r".*/SelfMutation/.*",
    ),
    # cdk-nag: others
    Explained(
        r"AwsSolutions-L1",
        "the runtime is pinned and tested; the rule wants the newest one of the CDK",
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
        f"{_NO_RESOURCE}; SageMaker describes the network before it makes an interface there",
    ),
    Explained(
        r"Wildcard\[(cloudformation:DescribeStacks|s3:ListBucket)\]",
        "the CDK's own grant to the build that deploys the pipeline: it finds the bootstrap stack and bucket",
        where=r".*:PipelineUpdatePipelineSelfMutation\w+",
    ),
    # the example's stages
    Explained(
        r"Annotation::warning-annotation",
        "SG901: the shipped delivery.toml names no accounts, and every synth warns of that",
        where=r"slipway-(delivery|github)",
    ),
    # properties beside a fixed name that only a new resource can take
    Explained(
        r"CreateOnly\[AWS::ECR::Repository\.EncryptionConfiguration\]",
        "the use case's own key, which no setting changes and no update replaces",
    ),
    Explained(
        r"CreateOnly\[AWS::ApplicationAutoScaling::ScalingPolicy\.ScalingTargetId\]",
        "the endpoint's variant, whose names are the use case's own: another one is another target",
    ),
    Explained(
        r"CreateOnly\[AWS::Lambda::Function\.DurableConfig\]",
        "AWS makes a function durable only when it creates it; both limits are constants, which no setting changes",
    ),
    Explained(
        r"CreateOnly\[AWS::Lambda::(Alias\.FunctionName|Permission\.(Action|Principal|SourceArn))\]",
        "the durable function's alias and its only caller: their names are the use case's own",
    ),
    # what AWS does not offer for serverless endpoints
    Explained(
        r"EndpointGuarded\[serverless\]",
        "without instances there are no guardrails; a rollout runs the gates first, and its smoke test restores",
    ),
    Explained(r"ModelIsolated\[serverless\]", "AWS refuses network isolation there; the image makes no connection"),
    # cfn-lint
    Explained(
        r"W3005",
        "a dependency on the whole role includes its policy, which must be there before what uses it",
    ),
)
