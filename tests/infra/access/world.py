"""What the names in braces stand for, and what a role's policies say to a line of `expected`."""

from functools import cached_property

from rehearsal.cloud.iam import AccessRequest, Policy, PolicyDecision, Principal, decide, may_assume
from tests.infra.access.account import ACCOUNT, REGION, Accounts, Role

PREFIX, OTHER = "shoppers-dev", "returns-dev"
_OTHERS = ("artifacts", "data", "key", "repository", "endpoint", "package", "smoke_test", "pause")
_ALWAYS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "s3:ObjectCreationOperation": "true"}


class World:
    """Resources of every stack by a short name, and of a second use case that differs in its name only."""

    def __init__(self, accounts: Accounts, delivery: Accounts | None = None) -> None:
        self._accounts, self._delivery = accounts, delivery

    @cached_property
    def names(self) -> dict[str, str]:
        found = {**self._made_up(), **self._resources(), **self._roles()}
        found |= {f"other_{name}": found[name].replace(PREFIX, OTHER) for name in _OTHERS}
        assert all(found[name] != found[f"other_{name}"] for name in _OTHERS)
        return found | (self._of_delivery() if self._delivery else {})

    def _made_up(self) -> dict[str, str]:
        sagemaker, here = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}", f"{REGION}:{ACCOUNT}"
        return {
            "account": ACCOUNT,
            "prefix": PREFIX,
            "other_prefix": OTHER,
            "sagemaker": sagemaker,
            "tuning": f"{sagemaker}:hyper-parameter-tuning-job/1-Tune",
            "package": f"{sagemaker}:model-package/{PREFIX}/3",
            "group": f"{sagemaker}:model-package-group/{PREFIX}",
            "endpoint": f"{sagemaker}:endpoint/{PREFIX}",
            "pipeline": f"{sagemaker}:pipeline/{PREFIX}",
            "batch_pipeline": f"{sagemaker}:pipeline/{PREFIX}-batch",
            "athena": f"arn:aws:athena:{here}",
            "glue": f"arn:aws:glue:{here}",
            "logs": f"arn:aws:logs:{here}:log-group",
            "alarm": f"arn:aws:cloudwatch:{here}:alarm:EndpointConfig-x-ServerErrors",
            "schedules": f"arn:aws:scheduler:{here}:schedule-group",
            "rule": f"arn:aws:events:{here}:rule/decided",
            "execution": f"arn:aws:lambda:{here}:function:{PREFIX}-rollout:1/durable-execution/a/b",
            "schedule_execution": f"arn:aws:lambda:{here}:function:{PREFIX}-schedule:1/durable-execution/a/b",
            "experiment_execution": f"arn:aws:lambda:{here}:function:{PREFIX}-experiment:1/durable-execution/a/b",
            "pause": f"arn:aws:ssm:{here}:parameter/slipway/{PREFIX}/rollouts",
            "stopped": f"arn:aws:ssm:{here}:parameter/slipway/{PREFIX}/stopped",
            "endpoint_stack": f"arn:aws:cloudformation:{here}:stack/{PREFIX}-endpoint/1",
            "storage_stack": f"arn:aws:cloudformation:{here}:stack/{PREFIX}-storage/1",
            "assets": f"arn:aws:s3:::cdk-hnb659fds-assets-{ACCOUNT}-{REGION}",
            "administrator": f"arn:aws:iam::{ACCOUNT}:role/administrator",
            "anybody_here": f"arn:aws:iam::{ACCOUNT}:role/anybody",
            "cfn_exec": f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}",
        }

    def _resources(self) -> dict[str, str]:
        one = self._accounts.one
        labels = {
            "artifacts": "storage/Artifacts",
            "data": "storage/Data",
            "key": "storage/Key",
            "repository": "image/StepImageRepository",
            "build": "image/StepImageProject",
            "rollout_function": "rollout/RolloutFunction",
            "schedule_function": "rollout/ScheduleFunction",
            "experiment_function": "rollout/ExperimentFunction",
            "experiment_analysis": "rollout/ExperimentAnalysis",
            "monitor_machine": "endpoint/MonitorMachine",
            "retraining_machine": "monitoring/RetrainingMachine",
            "query_machine": "batch/Query",
            "smoke_test": "rollout/SmokeTest",
            "audit": "rollout/Audit",
            "canary_analysis": "rollout/CanaryAnalysis",
            "topic": "rollout/Notices",
        }
        groups = {
            "builds": "image/StepImageBuildLogs",
            "image_build": "image/StepImageBuildFunctionLogs",
            "smoke_test": "rollout/SmokeTestLogs",
            "audit": "rollout/AuditLogs",
            "canary_analysis": "rollout/CanaryAnalysisLogs",
            "rollout": "rollout/RolloutFunctionLogs",
            "schedule": "rollout/ScheduleFunctionLogs",
            "experiment": "rollout/ExperimentFunctionLogs",
            "experiment_analysis": "rollout/ExperimentAnalysisLogs",
        }
        source = one("image/StepImageProject").properties["Source"]["Location"]
        key = str(one("image/StepImageProject").stack.resolved(source)).rpartition("/")[2]
        return {
            **{name: one(label).arn for name, label in labels.items()},
            **{f"logs_of_{name}": one(label).arn.removesuffix(":*") for name, label in groups.items()},
            "source": key.removesuffix(".zip"),
        }

    def _roles(self) -> dict[str, str]:
        labels = {
            "processing_role": "training/TrainingJobsProcessing",
            "training_role": "training/TrainingJobsTraining",
            "evaluation_role": "training/TrainingJobsEvaluation",
            "pipeline_role": "training/TrainingRole",
            "collect_role": "batch/JobsCollect",
            "scoring_role": "batch/JobsModel",
            "assemble_role": "batch/JobsAssemble",
            "publish_role": "batch/JobsPublish",
            "endpoint_role": "endpoint/GuardedRole",
            "starter_role": "training/TrainingStarter",
            "monitor_role": "endpoint/MonitorRole",
            "replay_role": "rollout/ReplayRole",
            "rollout_role": "rollout/RolloutFunctionRole",
        }
        return {name: self._accounts.one(label).arn for name, label in labels.items()}

    def _of_delivery(self) -> dict[str, str]:
        assert self._delivery is not None
        labels = {
            "delivery_artifacts": "delivery/ArtifactsBucket",
            "delivery_key": "delivery/ArtifactsKey",
            "delivery_role": "delivery/PipelineRole",
            "source_action_role": "delivery/PipelineSourceacmemodelsCodePipelineActionRole",
            "build_action_role": "delivery/PipelineCodeBuildActionRole",
            "synth_project": "delivery/PipelineBuildSynthCdkBuildProject",
        }
        return {name: self._delivery.one(label).arn for name, label in labels.items()}

    def request(self, line: str) -> AccessRequest:
        """`action resource | key=value | …`, names in braces replaced."""
        requested, *conditions = (part.strip() for part in line.format(**self.names).split(" | "))
        action, resource = requested.split(" ", 1)
        context = dict(condition.split("=", 1) for condition in conditions)
        return AccessRequest(action, resource, {**_ALWAYS, **context})

    def decision(self, role: Role, line: str, *, within: Policy | None = None) -> PolicyDecision:
        """The decision of the role's own policies and the resource's together, `within` a boundary."""
        request = self.request(line)
        is_key = request.resource.split(":")[2:3] == ["kms"]
        return decide(
            request,
            principal=role.principal,
            identity=role.policies,
            resource=[self._policy_of(request.resource)],
            boundary=None if within is None else [within],
            both=is_key,
        )

    def _policy_of(self, arn: str) -> Policy:
        for accounts in filter(None, (self._accounts, self._delivery)):
            for resource in accounts.of_type("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SNS::Topic"):
                if arn == resource.arn or arn.startswith(f"{resource.arn}/"):
                    return accounts.policy_of(resource)
        if arn.startswith("arn:aws:kms:"):  # another use case's: its policy is like ours
            return accounts.policy_of(self._accounts.one("storage/Key"))
        return ()

    def trusts(self, role: Role, who: str) -> PolicyDecision:
        """Whether the role may be assumed by `principal | key=value | …`."""
        name, *conditions = (part.strip() for part in who.format(**self.names).split(" | "))
        context = dict(condition.split("=", 1) for condition in conditions)
        action = "sts:AssumeRoleWithWebIdentity" if ":oidc-provider/" in name else "sts:AssumeRole"
        return may_assume(role.trust, _principal(name), action=action, context=context)


def _principal(name: str) -> Principal:
    if name.endswith(".amazonaws.com") and not name.startswith("arn:"):
        return Principal("Service", name)
    return Principal("Federated" if ":oidc-provider/" in name else "AWS", name)
