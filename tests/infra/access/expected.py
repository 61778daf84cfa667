"""What each role may do, and what it may not: a line a request, `action resource | condition key=value`.

Names in braces are ARNs, see `world`. What `DENIED_TO_ALL` lists no role may do, unless its own list allows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

IMAGE = """
ecr:GetAuthorizationToken *
ecr:BatchCheckLayerAvailability {repository}
ecr:GetDownloadUrlForLayer {repository}
ecr:BatchGetImage {repository}
"""
VOLUME = """
kms:DescribeKey {key}
kms:CreateGrant {key} | kms:GrantIsForAWSResource=true
"""
OBJECTS_IN = "kms:Decrypt {key}\n"
OBJECTS_OUT = "kms:GenerateDataKey {key}\nkms:Decrypt {key}\n"


def container(kind: str, *, group: str = "") -> str:
    """What every container that SageMaker starts needs; `group`: its log group where that is not named like `kind`."""
    logs = f"/aws/sagemaker/{group or kind}"
    return f"""{IMAGE}{VOLUME}{OBJECTS_OUT}
logs:CreateLogGroup {{logs}}:{logs}
logs:CreateLogStream {{logs}}:{logs}:log-stream:job/algo-1
logs:DescribeLogStreams {{logs}}:{logs}
logs:PutLogEvents {{logs}}:{logs}:log-stream:job/algo-1
cloudwatch:PutMetricData * | cloudwatch:namespace=/aws/sagemaker/{kind}
"""


def function_logs(function: str) -> str:
    return f"""
logs:CreateLogStream {{logs_of_{function}}}:log-stream:2026/11/22
logs:PutLogEvents {{logs_of_{function}}}:log-stream:2026/11/22
"""


@dataclass(frozen=True)
class Expected:
    """`trusts` may take the role on."""

    trusts: str
    may: str
    may_not: str = ""

    @property
    def allowed(self) -> list[str]:
        return lines(self.may)

    @property
    def denied(self) -> list[str]:
        return [line for line in lines(_DEPLOYMENTS + DENIED_TO_ALL) if line not in self.allowed] + lines(self.may_not)


def lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


SAGEMAKER = "sagemaker.amazonaws.com | aws:SourceAccount={account}"
STATES = "states.amazonaws.com | aws:SourceAccount={account}"
RULES = "events.amazonaws.com | aws:SourceAccount={account} | aws:SourceArn={rule}"
SCHEDULER = "scheduler.amazonaws.com | aws:SourceAccount={account} | aws:SourceArn={schedules}/"

HERE, THERE = "111111111111", "222222222222"
STARTS = "sts:AssumeRole arn:aws:iam::{}:role/shoppers-{}-starter\n"


def deploys(account: str) -> str:
    role = f"sts:AssumeRole arn:aws:iam::{account}:role/cdk-hnb659fds-{{}}-role-{account}-eu-central-1\n"
    return "".join(role.format(kind) for kind in ("deploy", "file-publishing", "lookup"))


def github(
    account: str,
    stage: str,
    *,
    branch: str = "release",
    subject: str = "acme/models",
    repository: str = "acme/models",
    environment: str = "",
    audience: str = "sts.amazonaws.com",
) -> str:
    """A token's claims; `subject` is the part of its `sub` before the environment."""
    issuer = "token.actions.githubusercontent.com"
    return (
        f"arn:aws:iam::{account}:oidc-provider/{issuer} | {issuer}:aud={audience}"
        f" | {issuer}:sub=repo:{subject}:environment:{stage} | {issuer}:ref=refs/heads/{branch}"
        f" | {issuer}:repository={repository} | {issuer}:environment={environment or stage}"
    )


_DEPLOYMENTS = deploys(HERE) + deploys(THERE) + STARTS.format(HERE, "prod") + STARTS.format(THERE, "prod")
DENIED_TO_ALL = """
codeconnections:UseConnection arn:aws:codeconnections:eu-central-1:111111111111:connection/2
s3:GetObject {other_artifacts}/pipeline/models/job/output/model.tar.gz
s3:PutObject {other_artifacts}/pipeline/models/job/output/model.tar.gz
s3:ListBucket {other_data}
s3:ListBucket {data}
s3:ListBucket {artifacts}
s3:GetObject {data}/data/1/table.csv
s3:PutObject {data}/data/1/table.csv
s3:GetObject {artifacts}/capture/{prefix}/primary/2026/11/22/19/x.jsonl
s3:GetObject {artifacts}/audit/{prefix}/00000001.json
s3:PutObject {artifacts}/audit/{prefix}/00000001.json | s3:if-none-match=*
s3:PutObject {artifacts}/audit/{prefix}/00000001.json
s3:PutObject {assets}/{source}.zip
s3:PutObject {artifacts}/pipeline/models/job/output/model.tar.gz
s3:PutObject {artifacts}/pipeline/promoted/digest/model.tar.gz
s3:PutObject {artifacts}/pipeline/checkpoints/digest-00000001.json
s3:PutObject {artifacts}/pipeline/1/evaluate/evaluation/evaluation.json
s3:PutObject {artifacts}/pipeline/1/evaluate/model/model.tar.gz
s3:PutObject {artifacts}/replay/{prefix}/job/replay.json
s3:PutObject {artifacts}/pipeline/splits/1/train/part.csv
s3:PutObject {artifacts}/pipeline/1/prepare/profile/profile.json
s3:PutObject {artifacts}/audit/{other_prefix}/00000001.json | s3:if-none-match=*
s3:PutObject {artifacts}/outcomes/1.jsonl
s3:PutObject {artifacts}/capture/{prefix}/primary/2026/11/22/19/x.jsonl
s3:GetObject {data}/score/table.csv
s3:PutObject {data}/score/table.csv
s3:GetObject {artifacts}/batch/uploads/1/table.csv
s3:PutObject {artifacts}/batch/uploads/1/table.csv
s3:GetObject {artifacts}/batch/queries/1/rows/1
s3:PutObject {artifacts}/batch/queries/1/rows/1
s3:GetObject {artifacts}/batch/queries/1/notes/1.csv
s3:GetObject arn:aws:s3:::shop-lake/sessions/1
s3:GetObject arn:aws:s3:::shop-lake/payments/1
s3:PutObject arn:aws:s3:::shop-lake/sessions/1
s3:DeleteObject arn:aws:s3:::shop-lake/sessions/1
glue:GetTable {glue}:table/shop/sessions
glue:GetTable {glue}:table/shop/customers
glue:GetTable {glue}:table/shop/payments
glue:UpdateTable {glue}:table/shop/sessions
glue:DeleteTable {glue}:table/shop/sessions
glue:CreateDatabase {glue}:database/shop
glue:GetDatabase {glue}:database/hr
athena:StartQueryExecution {athena}:workgroup/primary
athena:StartQueryExecution {athena}:workgroup/another
athena:GetQueryResults {athena}:workgroup/primary
athena:UpdateWorkGroup {athena}:workgroup/primary
states:StartExecution {query_machine}
s3:GetObject {artifacts}/batch/work/1/collect/requests/part-00000.jsonl
s3:PutObject {artifacts}/batch/work/1/collect/plan/plan.json
s3:PutObject {artifacts}/batch/work/1/responses/part-00000.jsonl.out
s3:GetObject {artifacts}/batch/work/1/assemble/results/table.csv.out
s3:PutObject {artifacts}/batch/work/1/assemble/report/batch.json
s3:GetObject {artifacts}/batch/published/1/manifest.json
s3:PutObject {artifacts}/batch/published/1/manifest.json
s3:DeleteObject {artifacts}/batch/published/1/manifest.json
s3:PutObject {artifacts}/rollouts/{other_prefix}/queue.json
s3:GetObject {artifacts}/outcomes/1.jsonl
s3:GetObject {assets}/another.zip
s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
s3:GetObject {artifacts}/capture/{other_prefix}/primary/2026/11/22/19/x.jsonl
s3:DeleteObject {artifacts}/pipeline/models/job/output/model.tar.gz
s3:DeleteObject {artifacts}/audit/{prefix}/00000001.json
s3:DeleteObjectVersion {artifacts}/pipeline/models/job/output/model.tar.gz
s3:DeleteBucket {artifacts}
s3:PutBucketPolicy {artifacts}
s3:PutLifecycleConfiguration {artifacts}
s3:DeleteBucket {data}
kms:Decrypt {other_key}
kms:ScheduleKeyDeletion {key}
kms:DisableKey {key}
kms:PutKeyPolicy {key}
kms:CreateGrant {key} | kms:GrantIsForAWSResource=false
iam:PassRole {administrator} | iam:PassedToService=sagemaker.amazonaws.com
iam:PassRole {pipeline_role} | iam:PassedToService=sagemaker.amazonaws.com
iam:PassRole {training_role} | iam:PassedToService=lambda.amazonaws.com
iam:PassRole {training_role} | iam:PassedToService=sagemaker.amazonaws.com
iam:PassRole {endpoint_role} | iam:PassedToService=sagemaker.amazonaws.com
iam:PassRole {rollout_role} | iam:PassedToService=sagemaker.amazonaws.com
iam:PassRole {replay_role} | iam:PassedToService=sagemaker.amazonaws.com
iam:PassRole {processing_role} | iam:PassedToService=sagemaker.amazonaws.com
iam:PassRole {publish_role} | iam:PassedToService=sagemaker.amazonaws.com
iam:PassRole {scoring_role} | iam:PassedToService=sagemaker.amazonaws.com
iam:PutRolePolicy {training_role}
iam:AttachRolePolicy {training_role}
iam:CreateRole {administrator}
iam:DeleteRolePermissionsBoundary {training_role}
sts:AssumeRole {administrator}
sts:AssumeRole {rollout_role}
sts:AssumeRole {starter_role}
sts:AssumeRole {cfn_exec}
sagemaker:UpdateModelPackage {package} | sagemaker:ModelApprovalStatus=Approved
sagemaker:UpdateModelPackage {package} | sagemaker:ModelApprovalStatus=Rejected
sagemaker:UpdateModelPackage {package}
sagemaker:CreateModelPackage {package} | sagemaker:ModelApprovalStatus=Approved
sagemaker:CreateModelPackage {package} | sagemaker:ModelApprovalStatus=PendingManualApproval
sagemaker:CreateModelPackage {other_package} | sagemaker:ModelApprovalStatus=PendingManualApproval
sagemaker:DescribeModelPackage {other_package}
sagemaker:DescribeModelPackage {package}
sagemaker:UpdateModelPackage {other_package} | sagemaker:ModelApprovalStatus=Approved
sagemaker:UpdateModelPackage {other_package} | sagemaker:ModelApprovalStatus=Rejected
sagemaker:DeleteModelPackage {package}
sagemaker:DeleteModelPackageGroup {group}
sagemaker:PutModelPackageGroupPolicy {group}
sagemaker:CreateTrainingJob {sagemaker}:training-job/of-my-own
sagemaker:CreateTrainingJob {sagemaker}:training-job/pipelines-1-Reference | sagemaker:NetworkIsolation=false
sagemaker:CreateTrainingJob {sagemaker}:training-job/pipelines-1-Reference
sagemaker:CreateExperiment {sagemaker}:experiment/{prefix}
sagemaker:CreateExperiment {sagemaker}:experiment/another
sagemaker:DeleteTrial {sagemaker}:experiment-trial/k3h2f7wqz1ab
sagemaker:CreateEndpoint {endpoint}
sagemaker:UpdateEndpoint {endpoint}
sagemaker:UpdateEndpointWeightsAndCapacities {endpoint}
sagemaker:DeleteEndpoint {endpoint}
sagemaker:InvokeEndpoint {endpoint}
sagemaker:InvokeEndpoint {other_endpoint}
sagemaker:UpdatePipeline {pipeline}
sagemaker:StartPipelineExecution {pipeline}
sagemaker:StartPipelineExecution {batch_pipeline}
sagemaker:CreateTransformJob {sagemaker}:transform-job/pipelines-1-Score
sagemaker:CreateTransformJob {sagemaker}:transform-job/of-my-own
sagemaker:CreateModel {sagemaker}:model/pipelines-1-Model | sagemaker:NetworkIsolation=false
sagemaker:DescribeEndpoint {endpoint}
sagemaker:DescribeEndpoint {other_endpoint}
sagemaker:CreateHyperParameterTuningJob {tuning}
sagemaker:CreateModel {sagemaker}:model/mine
sagemaker:StopPipelineExecution {pipeline}/execution/1
sagemaker:DeleteModel {sagemaker}:model/m | aws:ResourceTag/slipway:endpoint={other_prefix}
sagemaker:DeleteEndpointConfig {sagemaker}:endpoint-config/c
sagemaker:AddTags {endpoint}
sagemaker:CreateProcessingJob {sagemaker}:processing-job/{prefix}-gates-1
lambda:InvokeFunction {rollout_function}:live
lambda:UpdateFunctionCode {rollout_function}
lambda:StopDurableExecution {execution}
cloudformation:UpdateStack {endpoint_stack}
cloudformation:UpdateStack {storage_stack}
cloudformation:DeleteStack {endpoint_stack}
lambda:UpdateFunctionCode {smoke_test}
lambda:InvokeFunction {smoke_test}
lambda:InvokeFunction {audit}
lambda:InvokeFunction {other_smoke_test}
lambda:InvokeFunction {rollout_function}
lambda:InvokeFunction {schedule_function}:live
lambda:InvokeFunction {experiment_function}:live
lambda:InvokeFunction {experiment_analysis}
lambda:GetDurableExecution {execution}
lambda:CheckpointDurableExecution {experiment_execution}
lambda:CheckpointDurableExecution {schedule_execution}
s3:PutObject {artifacts}/experiments/{prefix}/status.json
lambda:CheckpointDurableExecution {execution}
ecr:PutImage {repository}
ecr:PutImage {other_repository}
ecr:BatchDeleteImage {repository}
ecr:DeleteRepository {repository}
ecr:SetRepositoryPolicy {repository}
ecr:BatchGetImage {repository}
ecr:GetDownloadUrlForLayer {repository}
codebuild:StartBuild {build}
codebuild:UpdateProject {build}
ssm:PutParameter {pause}
ssm:GetParameter {other_pause}
ssm:GetParameter {pause}
cloudwatch:PutMetricData * | cloudwatch:namespace=AWS/SageMaker
cloudwatch:PutMetricData * | cloudwatch:namespace=Slipway/Rollout
cloudwatch:PutMetricData * | cloudwatch:namespace=Slipway/Rollout/shoppers-dev
cloudwatch:PutMetricData * | cloudwatch:namespace=Slipway/Rollout/another-dev
cloudwatch:DeleteAlarms {alarm}
cloudwatch:SetAlarmState {alarm}
cloudwatch:DisableAlarmActions {alarm}
cloudwatch:PutMetricAlarm {alarm}
sns:Publish {topic}
sns:Subscribe {topic}
logs:DeleteLogGroup {logs}:/aws/sagemaker/TrainingJobs
logs:PutLogEvents {logs}:/aws/sagemaker/ProcessingJobs:log-stream:job/algo-1
logs:PutLogEvents {logs}:/aws/sagemaker/Endpoints/{other_prefix}:log-stream:primary/i-1
ec2:RunInstances *
states:StartExecution {monitor_machine}
"""

ROLES: Mapping[str, Expected] = {
    "image/StepImageProjectRole": Expected(
        trusts="codebuild.amazonaws.com",
        may=IMAGE
        + """
        s3:GetObject {assets}/{source}.zip
        ecr:InitiateLayerUpload {repository}
        ecr:UploadLayerPart {repository}
        ecr:CompleteLayerUpload {repository}
        ecr:PutImage {repository}
        logs:CreateLogStream {logs_of_builds}:log-stream:1
        logs:PutLogEvents {logs_of_builds}:log-stream:1
        """,
    ),
    "image/StepImageBuildFunctionRole": Expected(
        trusts="lambda.amazonaws.com",
        may=function_logs("image_build")
        + """
        codebuild:StartBuild {build}
        codebuild:BatchGetBuilds {build}
        ecr:DescribeImages {repository}
        """,
    ),
    "training/TrainingJobsProcessing": Expected(
        trusts=SAGEMAKER,
        may=container("ProcessingJobs")
        + """
        s3:ListBucket {data}
        s3:GetObject {data}/data/1/table.csv
        s3:GetObject {data}/score/table.csv
        s3:PutObject {artifacts}/pipeline/splits/1/train/part.csv
        s3:PutObject {artifacts}/pipeline/1/prepare/profile/profile.json
        """,
        may_not="s3:GetObject {artifacts}/pipeline/splits/1/train/part.csv",
    ),
    "training/TrainingJobsTraining": Expected(
        trusts=SAGEMAKER,
        may=container("TrainingJobs")
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/pipeline/splits/1/train/part.csv
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        s3:PutObject {artifacts}/pipeline/models/job/output/model.tar.gz
        s3:PutObject {artifacts}/pipeline/checkpoints/digest-00000001.json
        """,
    ),
    "training/TrainingJobsEvaluation": Expected(
        trusts=SAGEMAKER,
        may=container("ProcessingJobs")
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        s3:PutObject {artifacts}/pipeline/1/evaluate/evaluation/evaluation.json
        s3:PutObject {artifacts}/pipeline/1/evaluate/model/model.tar.gz
        sagemaker:ListModelPackages {package}
        sagemaker:DescribeModelPackage {package}
        """,
    ),
    "training/TrainingRole": Expected(
        trusts=SAGEMAKER,
        may=VOLUME
        + OBJECTS_IN
        + """
        sagemaker:CreateProcessingJob {sagemaker}:processing-job/pipelines-1-Prepare
        sagemaker:DescribeProcessingJob {sagemaker}:processing-job/pipelines-1-Prepare
        sagemaker:StopProcessingJob {sagemaker}:processing-job/pipelines-1-Prepare
        sagemaker:AddTags {sagemaker}:processing-job/pipelines-1-Prepare
        sagemaker:CreateTrainingJob {sagemaker}:training-job/pipelines-1-Reference | sagemaker:NetworkIsolation=true
        sagemaker:DescribeTrainingJob {sagemaker}:training-job/pipelines-1-Reference
        sagemaker:StopTrainingJob {sagemaker}:training-job/pipelines-1-Reference
        sagemaker:AddTags {sagemaker}:training-job/pipelines-1-Reference
        sagemaker:CreateHyperParameterTuningJob {tuning} | sagemaker:NetworkIsolation=true
        sagemaker:DescribeHyperParameterTuningJob {sagemaker}:hyper-parameter-tuning-job/1-Tune
        sagemaker:ListTrainingJobsForHyperParameterTuningJob {sagemaker}:hyper-parameter-tuning-job/1-Tune
        sagemaker:StopHyperParameterTuningJob {sagemaker}:hyper-parameter-tuning-job/1-Tune
        sagemaker:AddTags {sagemaker}:hyper-parameter-tuning-job/1-Tune
        sagemaker:CreateExperiment {sagemaker}:experiment/{prefix}
        sagemaker:DescribeExperiment {sagemaker}:experiment/{prefix}
        sagemaker:CreateTrial {sagemaker}:experiment/{prefix}
        sagemaker:CreateTrial {sagemaker}:experiment-trial/k3h2f7wqz1ab
        sagemaker:DescribeTrial {sagemaker}:experiment-trial/k3h2f7wqz1ab
        sagemaker:CreateTrialComponent {sagemaker}:experiment-trial-component/pipelines-1-reference-aws-training-job
        sagemaker:DescribeTrialComponent {sagemaker}:experiment-trial-component/pipelines-1-reference-aws-training-job
        sagemaker:UpdateTrialComponent {sagemaker}:experiment-trial-component/pipelines-1-reference-aws-training-job
        sagemaker:AssociateTrialComponent {sagemaker}:experiment-trial-component/pipelines-1-reference-aws-training-job
        sagemaker:AssociateTrialComponent {sagemaker}:experiment-trial/k3h2f7wqz1ab
        sagemaker:AddTags {sagemaker}:experiment/{prefix}
        sagemaker:AddTags {sagemaker}:experiment-trial/k3h2f7wqz1ab
        sagemaker:DescribeModelPackageGroup {group}
        sagemaker:CreateModelPackage {group} | sagemaker:ModelApprovalStatus=PendingManualApproval
        sagemaker:CreateModelPackage {package} | sagemaker:ModelApprovalStatus=PendingManualApproval
        sagemaker:DescribeModelPackage {package}
        iam:PassRole {processing_role} | iam:PassedToService=sagemaker.amazonaws.com
        iam:PassRole {training_role} | iam:PassedToService=sagemaker.amazonaws.com
        iam:PassRole {evaluation_role} | iam:PassedToService=sagemaker.amazonaws.com
        s3:GetObject {artifacts}/pipeline/1/evaluate/evaluation/evaluation.json
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        ecr:BatchGetImage {repository}
        ecr:DescribeImages {repository}
        """,
    ),
    "training/TrainingStarter": Expected(
        trusts="{anybody_here}",
        may="""
        sagemaker:StartPipelineExecution {pipeline}
        sagemaker:DescribePipeline {pipeline}
        sagemaker:ListPipelineExecutions {pipeline}
        sagemaker:DescribePipelineExecution {pipeline}/execution/1
        cloudformation:DescribeStacks {endpoint_stack}
        s3:ListBucket {data}
        sagemaker:DescribeEndpoint {endpoint}
        sagemaker:DescribeModelPackage {package}
        lambda:InvokeFunction {smoke_test}
        lambda:ListVersionsByFunction {rollout_function}
        lambda:ListDurableExecutionsByFunction {rollout_function}:1
        """,
    ),
    "endpoint/GuardedRole": Expected(
        trusts=SAGEMAKER,
        may=container("Endpoints", group="Endpoints/{prefix}")
        + """
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        s3:PutObject {artifacts}/capture/{prefix}/primary/2026/11/22/19/x.jsonl
        cloudwatch:DescribeAlarms {alarm}
        """,
    ),
    "rollout/SmokeTestRole": Expected(
        trusts="lambda.amazonaws.com",
        may=function_logs("smoke_test")
        + OBJECTS_IN
        + """
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        sagemaker:InvokeEndpoint {endpoint}
        """,
    ),
    "rollout/AuditRole": Expected(
        trusts="lambda.amazonaws.com",
        may=function_logs("audit")
        + OBJECTS_OUT
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/audit/{prefix}/00000001.json
        s3:PutObject {artifacts}/audit/{prefix}/00000001.json | s3:if-none-match=*
        """,
    ),
    "rollout/CanaryAnalysisRole": Expected(
        trusts="lambda.amazonaws.com",
        may=function_logs("canary_analysis")
        + OBJECTS_OUT
        + """
        cloudwatch:PutMetricData * | cloudwatch:namespace=Slipway/Rollout/shoppers-dev
        sagemaker:DescribeEndpoint {endpoint}
        cloudwatch:GetMetricData *
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/capture/{prefix}/primary/2026/11/22/19/x.jsonl
        s3:GetObject {artifacts}/outcomes/1.jsonl
        s3:GetObject {artifacts}/canary-analysis/{prefix}/config/1.json
        s3:PutObject {artifacts}/canary-analysis/{prefix}/config/1.json
        """,
    ),
    "rollout/ReplayRole": Expected(
        trusts=SAGEMAKER,
        may=container("ProcessingJobs")
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        s3:GetObject {artifacts}/capture/{prefix}/primary/2026/11/22/19/x.jsonl
        s3:PutObject {artifacts}/replay/{prefix}/job/replay.json
        """,
    ),
    "rollout/RolloutFunctionRole": Expected(
        trusts="lambda.amazonaws.com",
        may=function_logs("rollout")
        + """
        lambda:CheckpointDurableExecution {execution}
        lambda:GetDurableExecutionState {execution}
        lambda:GetDurableExecution {execution}
        lambda:GetDurableExecution {schedule_execution}
        lambda:GetDurableExecution {experiment_execution}
        lambda:InvokeFunction {rollout_function}:live
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/rollouts/{prefix}/queue.json
        s3:PutObject {artifacts}/rollouts/{prefix}/queue.json
        cloudformation:DescribeStacks {endpoint_stack}
        cloudformation:DescribeStackEvents {endpoint_stack}
        cloudformation:DescribeStackResource {endpoint_stack}
        cloudformation:UpdateStack {endpoint_stack}
        sagemaker:DescribeModelPackage {package}
        sagemaker:ListModelPackages {package}
        sagemaker:UpdateModelPackage {package} | sagemaker:ModelApprovalStatus=Rejected
        sagemaker:UpdateModelPackage {package}
        sagemaker:DescribeEndpoint {endpoint}
        sagemaker:DescribeEndpointConfig {sagemaker}:endpoint-config/c | aws:ResourceTag/slipway:endpoint={prefix}
        sagemaker:DescribeModel {sagemaker}:model/m | aws:ResourceTag/slipway:endpoint={prefix}
        sagemaker:DeleteEndpointConfig {sagemaker}:endpoint-config/c | aws:ResourceTag/slipway:endpoint={prefix}
        sagemaker:DeleteModel {sagemaker}:model/m | aws:ResourceTag/slipway:endpoint={prefix}
        sagemaker:CreateProcessingJob {sagemaker}:processing-job/{prefix}-gates-1
        sagemaker:DescribeProcessingJob {sagemaker}:processing-job/{prefix}-gates-1
        sagemaker:AddTags {sagemaker}:processing-job/{prefix}-gates-1
        iam:PassRole {replay_role} | iam:PassedToService=sagemaker.amazonaws.com
        kms:DescribeKey {key}
        kms:CreateGrant {key} | kms:GrantIsForAWSResource=true
        ssm:GetParameter {pause}
        ssm:GetParameter {stopped}
        ssm:PutParameter {stopped}
        lambda:InvokeFunction {smoke_test}
        lambda:InvokeFunction {audit}
        lambda:InvokeFunction {canary_analysis}
        lambda:InvokeFunction {canary_analysis}:7
        sns:Publish {topic}
        kms:GenerateDataKey {key}
        kms:Decrypt {key}
        """,
    ),
    "rollout/ScheduleFunctionRole": Expected(
        trusts="lambda.amazonaws.com",
        may=function_logs("schedule")
        + """
        lambda:CheckpointDurableExecution {schedule_execution}
        lambda:GetDurableExecutionState {schedule_execution}
        lambda:GetDurableExecution {execution}
        lambda:GetDurableExecution {schedule_execution}
        lambda:GetDurableExecution {experiment_execution}
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/rollouts/{prefix}/queue.json
        s3:PutObject {artifacts}/rollouts/{prefix}/queue.json
        cloudformation:DescribeStacks {endpoint_stack}
        cloudformation:UpdateStack {endpoint_stack}
        sagemaker:DescribeModelPackage {package}
        ssm:GetParameter {stopped}
        ssm:PutParameter {stopped}
        sns:Publish {topic}
        kms:GenerateDataKey {key}
        kms:Decrypt {key}
        """,
    ),
    "rollout/ExperimentFunctionRole": Expected(
        trusts="lambda.amazonaws.com",
        may=function_logs("experiment")
        + """
        lambda:CheckpointDurableExecution {experiment_execution}
        lambda:GetDurableExecutionState {experiment_execution}
        lambda:GetDurableExecution {execution}
        lambda:GetDurableExecution {schedule_execution}
        lambda:GetDurableExecution {experiment_execution}
        lambda:InvokeFunction {rollout_function}:live
        lambda:InvokeFunction {experiment_analysis}
        lambda:InvokeFunction {experiment_analysis}:7
        lambda:InvokeFunction {smoke_test}
        lambda:InvokeFunction {audit}
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/rollouts/{prefix}/queue.json
        s3:PutObject {artifacts}/rollouts/{prefix}/queue.json
        cloudformation:DescribeStacks {endpoint_stack}
        cloudformation:DescribeStackEvents {endpoint_stack}
        cloudformation:DescribeStackResource {endpoint_stack}
        cloudformation:UpdateStack {endpoint_stack}
        sagemaker:DescribeModelPackage {package}
        sagemaker:ListModelPackages {package}
        sagemaker:DescribeEndpoint {endpoint}
        sagemaker:UpdateEndpointWeightsAndCapacities {endpoint}
        ssm:GetParameter {pause}
        sagemaker:DescribeEndpointConfig {sagemaker}:endpoint-config/c | aws:ResourceTag/slipway:endpoint={prefix}
        sagemaker:DescribeModel {sagemaker}:model/m | aws:ResourceTag/slipway:endpoint={prefix}
        sagemaker:DeleteEndpointConfig {sagemaker}:endpoint-config/c | aws:ResourceTag/slipway:endpoint={prefix}
        sagemaker:DeleteModel {sagemaker}:model/m | aws:ResourceTag/slipway:endpoint={prefix}
        sagemaker:CreateProcessingJob {sagemaker}:processing-job/{prefix}-gates-1
        sagemaker:DescribeProcessingJob {sagemaker}:processing-job/{prefix}-gates-1
        sagemaker:AddTags {sagemaker}:processing-job/{prefix}-gates-1
        iam:PassRole {replay_role} | iam:PassedToService=sagemaker.amazonaws.com
        kms:DescribeKey {key}
        kms:CreateGrant {key} | kms:GrantIsForAWSResource=true
        sns:Publish {topic}
        kms:GenerateDataKey {key}
        kms:Decrypt {key}
        """,
        may_not="sagemaker:UpdateEndpointWeightsAndCapacities {other_endpoint}",
    ),
    "rollout/ExperimentAnalysisRole": Expected(
        trusts="lambda.amazonaws.com",
        may=function_logs("experiment_analysis")
        + OBJECTS_OUT
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/capture/{prefix}/primary/2026/11/22/19/x.jsonl
        s3:GetObject {artifacts}/outcomes/1.jsonl
        s3:GetObject {artifacts}/canary-analysis/{prefix}/experiment/1.json
        s3:PutObject {artifacts}/canary-analysis/{prefix}/experiment/1.json
        s3:PutObject {artifacts}/experiments/{prefix}/status.json
        """,
        may_not="s3:PutObject {artifacts}/canary-analysis/{prefix}/config/1.json",
    ),
    "rollout/ScheduleSchedulesStarter": Expected(
        trusts=f"{SCHEDULER}{{prefix}}-schedule",
        may="lambda:InvokeFunction {schedule_function}:live",
    ),
    "endpoint/MonitorRole": Expected(
        trusts=SAGEMAKER,
        may=container("ProcessingJobs")
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        s3:GetObject {artifacts}/capture/{prefix}/primary/2026/11/22/19/x.jsonl
        s3:GetObject {artifacts}/outcomes/1.jsonl
        s3:PutObject {artifacts}/monitoring/{prefix}/{prefix}-monitor/2026/11/22/19/statistics.json
        sagemaker:DescribeModelPackage {package}
        """,
    ),
    "endpoint/MonitorMachineRole": Expected(
        trusts=f"{STATES} | aws:SourceArn={{monitor_machine}}",
        may=VOLUME
        + """
        s3:ListBucket {artifacts} | s3:prefix=capture/{prefix}/primary/2026/11/22/19/
        s3:ListBucket {artifacts} | s3:prefix=outcomes/
        sagemaker:CreateProcessingJob {sagemaker}:processing-job/{prefix}-monitor-20261122190000
        sagemaker:AddTags {sagemaker}:processing-job/{prefix}-monitor-20261122190000
        iam:PassRole {monitor_role} | iam:PassedToService=sagemaker.amazonaws.com
        logs:CreateLogDelivery *
        """,
        may_not="s3:ListBucket {artifacts} | s3:prefix=audit/\n"
        "s3:ListBucket {artifacts} | s3:prefix=capture/{other_prefix}/",
    ),
    "endpoint/MonitorMachineSchedulesStarter": Expected(
        trusts=f"{SCHEDULER}{{prefix}}-monitor",
        may="states:StartExecution {monitor_machine}",
    ),
    "monitoring/RetrainingRole": Expected(
        trusts=f"{STATES} | aws:SourceArn={{retraining_machine}}",
        may="""
        sagemaker:ListPipelineExecutions {pipeline}
        sagemaker:StartPipelineExecution {pipeline}
        logs:CreateLogDelivery *
        """,
    ),
    "batch/JobsCollect": Expected(
        trusts=SAGEMAKER,
        may=container("ProcessingJobs")
        + """
        s3:ListBucket {data}
        s3:ListBucket {artifacts}
        s3:GetObject {data}/score/table.csv
        s3:GetObject {artifacts}/batch/uploads/1/table.csv
        s3:GetObject {artifacts}/batch/queries/1/rows/1
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        s3:GetObject {artifacts}/pipeline/1/evaluate/model/model.tar.gz
        s3:PutObject {artifacts}/batch/work/1/collect/plan/plan.json
        sagemaker:ListModelPackages {package}
        sagemaker:DescribeModelPackage {package}
        """,
        may_not="s3:GetObject {artifacts}/pipeline/splits/1/train/part.csv",
    ),
    "batch/JobsModel": Expected(
        trusts=SAGEMAKER,
        may=container("TransformJobs")
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/pipeline/models/job/output/model.tar.gz
        s3:GetObject {artifacts}/batch/work/1/collect/requests/part-00000.jsonl
        s3:PutObject {artifacts}/batch/work/1/responses/part-00000.jsonl.out
        """,
        may_not="s3:GetObject {artifacts}/batch/work/1/collect/source/table.csv",
    ),
    "batch/JobsAssemble": Expected(
        trusts=SAGEMAKER,
        may=container("ProcessingJobs")
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/batch/work/1/collect/source/table.csv
        s3:GetObject {artifacts}/batch/work/1/collect/requests/part-00000.jsonl
        s3:GetObject {artifacts}/batch/work/1/responses/part-00000.jsonl.out
        s3:PutObject {artifacts}/batch/work/1/assemble/report/batch.json
        """,
    ),
    "batch/JobsPublish": Expected(
        trusts=SAGEMAKER,
        may=container("ProcessingJobs")
        + """
        s3:ListBucket {artifacts}
        s3:GetObject {artifacts}/batch/work/1/assemble/results/table.csv.out
        s3:PutObject {artifacts}/batch/published/1/manifest.json
        sagemaker:DescribeModelPackage {package}
        """,
        may_not="sagemaker:ListModelPackages {package}",
    ),
    "batch/Role": Expected(
        trusts=SAGEMAKER,
        may=VOLUME
        + OBJECTS_IN
        + """
        sagemaker:CreateProcessingJob {sagemaker}:processing-job/pipelines-1-Collect
        sagemaker:DescribeProcessingJob {sagemaker}:processing-job/pipelines-1-Collect
        sagemaker:StopProcessingJob {sagemaker}:processing-job/pipelines-1-Collect
        sagemaker:AddTags {sagemaker}:processing-job/pipelines-1-Collect
        sagemaker:CreateModel {sagemaker}:model/pipelines-1-Model | sagemaker:NetworkIsolation=true
        sagemaker:DescribeModel {sagemaker}:model/pipelines-1-Model
        sagemaker:AddTags {sagemaker}:model/pipelines-1-Model
        sagemaker:CreateTransformJob {sagemaker}:transform-job/pipelines-1-Score
        sagemaker:DescribeTransformJob {sagemaker}:transform-job/pipelines-1-Score
        sagemaker:StopTransformJob {sagemaker}:transform-job/pipelines-1-Score
        sagemaker:AddTags {sagemaker}:transform-job/pipelines-1-Score
        sagemaker:DescribeModelPackage {package}
        iam:PassRole {collect_role} | iam:PassedToService=sagemaker.amazonaws.com
        iam:PassRole {scoring_role} | iam:PassedToService=sagemaker.amazonaws.com
        iam:PassRole {assemble_role} | iam:PassedToService=sagemaker.amazonaws.com
        iam:PassRole {publish_role} | iam:PassedToService=sagemaker.amazonaws.com
        s3:GetObject {artifacts}/batch/work/1/collect/plan/plan.json
        s3:GetObject {artifacts}/batch/work/1/assemble/report/batch.json
        """,
    ),
    "batch/SchedulesStarter": Expected(
        trusts=f"{SCHEDULER}{{prefix}}-batch",
        may="states:StartExecution {query_machine}",
    ),
    "batch/QueryRole": Expected(
        trusts=f"{STATES} | aws:SourceArn={{query_machine}}",
        may=OBJECTS_OUT
        + """
        athena:StartQueryExecution {athena}:workgroup/primary
        athena:GetQueryExecution {athena}:workgroup/primary
        athena:StopQueryExecution {athena}:workgroup/primary
        athena:GetDataCatalog {athena}:datacatalog/AwsDataCatalog
        glue:GetDatabase {glue}:catalog
        glue:GetDatabase {glue}:database/default
        glue:CreateDatabase {glue}:database/default
        glue:GetDatabase {glue}:database/shop
        glue:GetDatabase {glue}:database/crm
        glue:GetTable {glue}:table/shop/sessions
        glue:GetTable {glue}:table/crm/customers
        glue:GetPartitions {glue}:table/shop/sessions
        s3:GetBucketLocation arn:aws:s3:::shop-lake
        s3:ListBucket arn:aws:s3:::shop-lake
        s3:GetObject arn:aws:s3:::shop-lake/sessions/1
        kms:Decrypt arn:aws:kms:eu-central-1:111111111111:key/lake
        s3:GetBucketLocation {artifacts}
        s3:ListBucket {artifacts}
        s3:ListBucketMultipartUploads {artifacts}
        s3:GetObject {artifacts}/batch/queries/1/rows/1
        s3:GetObject {artifacts}/batch/queries/1/notes/1.csv
        s3:PutObject {artifacts}/batch/queries/1/rows/1
        s3:AbortMultipartUpload {artifacts}/batch/queries/1/rows/1
        s3:ListMultipartUploadParts {artifacts}/batch/queries/1/rows/1
        sagemaker:StartPipelineExecution {batch_pipeline}
        logs:CreateLogDelivery *
        """,
        may_not="""
        s3:GetObject arn:aws:s3:::shop-lake/sessions-of-others/1
        glue:GetTables {glue}:table/shop/sessions
        sagemaker:StopPipelineExecution {batch_pipeline}
        """,
    ),
    "monitoring/RetrainingMachineEventsRole": Expected(
        trusts=RULES,
        may="states:StartExecution {retraining_machine}",
    ),
}

ARTIFACT = """
s3:GetObject {delivery_artifacts}/acme/source.zip
kms:Decrypt {delivery_key}
"""

_PREFIX = "delivery/Pipeline"
DELIVERY_ROLES: Mapping[str, Expected] = {
    f"{_PREFIX}Role": Expected(
        trusts="codepipeline.amazonaws.com",
        may=ARTIFACT + "sts:AssumeRole {source_action_role}\nsts:AssumeRole {build_action_role}\n",
    ),
    f"{_PREFIX}SourceacmemodelsCodePipelineActionRole": Expected(
        trusts="{delivery_role}",
        may="""
        codeconnections:UseConnection arn:aws:codeconnections:eu-central-1:111111111111:connection/0a1b
        s3:PutObject {delivery_artifacts}/acme/source.zip
        kms:GenerateDataKey {delivery_key}
        """,
    ),
    f"{_PREFIX}BuildSynthCdkBuildProjectRole": Expected(
        trusts="codebuild.amazonaws.com", may=ARTIFACT + "s3:PutObject {delivery_artifacts}/acme/synth.zip\n"
    ),
    "delivery/BuildsDevDeploy": Expected(trusts="codebuild.amazonaws.com", may=ARTIFACT + deploys(HERE)),
    "delivery/BuildsDevStart": Expected(
        trusts="codebuild.amazonaws.com", may=ARTIFACT + "sts:AssumeRole {starter_role}\n"
    ),
    f"{_PREFIX}prodApproveprodCodePipelineActionRole": Expected(trusts="{delivery_role}", may=""),
    "delivery/BuildsProdDeploy": Expected(trusts="codebuild.amazonaws.com", may=ARTIFACT + deploys(THERE)),
    "delivery/BuildsProdStart": Expected(trusts="codebuild.amazonaws.com", may=ARTIFACT + STARTS.format(THERE, "prod")),
    f"{_PREFIX}CodeBuildActionRole": Expected(
        trusts="{delivery_role}",
        may="codebuild:StartBuild {synth_project}\ncodebuild:BatchGetBuilds {synth_project}\n",
        may_not="codebuild:UpdateProject {synth_project}\n",
    ),
    f"{_PREFIX}UpdatePipelineSelfMutationRole": Expected(
        trusts="codebuild.amazonaws.com",
        may=ARTIFACT
        + """
        sts:AssumeRole arn:aws:iam::111111111111:role/cdk-deploy | iam:ResourceTag/aws-cdk:bootstrap-role=deploy
        cloudformation:DescribeStacks *
        s3:ListBucket {other_data}
        s3:ListBucket {data}
        s3:ListBucket {artifacts}
        """,  # CDK's own grant to the build that deploys the pipeline itself: it finds the bucket of assets
    ),
    "github/DeployDev": Expected(trusts=github(HERE, "dev"), may=deploys(HERE) + "sts:AssumeRole {starter_role}\n"),
    "222222222222/DeployProd": Expected(
        trusts=github(THERE, "prod"), may=deploys(THERE) + STARTS.format(THERE, "prod")
    ),
}
