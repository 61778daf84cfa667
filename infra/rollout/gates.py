"""Before any user meets a candidate: a job holds it against the champion's contract and against recent requests."""

from dataclasses import dataclass
from typing import Any

from infra.rollout.states import State, States, choose, equal, matching, note, present, task, wait, when
from slipway.settings.local_storage import volume_key
from slipway.settings.names import COST_TAG
from slipway.training.registration import MODEL_SHA256

GATES = "NumberGates"
"""The first of the gates' states."""

ATTEMPTS = 3
"""Jobs a verdict: one that SageMaker itself could not run says nothing of the candidate."""

_POLL_SECONDS = 45
_ROOT = "/opt/ml/processing"
_MODEL_DATA = "InferenceSpecification.Containers[0].ModelDataUrl"
_NOTED = f"$.package.CustomerMetadataProperties.{MODEL_SHA256}"
_IN_USE = "SageMaker.ResourceInUseException"


@dataclass(frozen=True)
class GateJob:
    """What the job is made from; the strings may be CDK tokens. `name_prefix` leaves 35 of 63 characters."""

    name_prefix: str
    image_uri: str
    arguments: tuple[str, ...]
    role_arn: str
    kms_key_arn: str
    instance_type: str
    output_uri: str
    cost_tag: str
    max_runtime_seconds: int = 3600
    vpc_config: dict[str, Any] | None = None


def gate_states(*, job: GateJob, then: str, refused: str) -> States:
    """From `GATES` to `then`, or to `refused` with `$.failure` {reason, by: contract, replay or gates}.

    Needs `$.package` (the candidate's description) and `$.previous.model_package` (the champion's ARN, empty if there
    is none). A job that cannot be run refuses, too: nothing goes live unjudged. Where the package notes the hash of the
    model that was evaluated, the job holds the artifact against it: an approval is for these bytes and not for a path.
    """
    return {
        GATES: note("$.gates", {"attempt": 1}, then="IsModelNoted"),
        "IsModelNoted": choose(when(present(_NOTED), then="NoteModel"), otherwise="NoteNoModel"),
        "NoteModel": note("$.registered", parameters={"sha256.$": _NOTED}, then="NameGates"),
        "NoteNoModel": note("$.registered", {"sha256": ""}, then="NameGates"),
        # The same execution and champion find the job they began; another champion needs another verdict.
        "NameGates": note(
            "$.gate_job",
            parameters={
                "name.$": f"States.Format('{job.name_prefix}-{{}}-{{}}', "
                "States.Hash(States.Format('{} {}', $$.Execution.Id, $.previous.model_package), 'MD5'), "
                "$.gates.attempt)"
            },
            then="IsChampionKnown",
        ),
        "IsChampionKnown": choose(
            when(equal("$.previous.model_package", ""), then="StartFirstGates"), otherwise="ReadChampion"
        ),
        "ReadChampion": task(
            "sagemaker:describeModelPackage",
            {"ModelPackageName.$": "$.previous.model_package"},
            result="$.champion",
            select={"model_data.$": f"$.{_MODEL_DATA}"},
            then="StartGates",
            caught="ExplainGatesError",
        ),
        "StartFirstGates": _start(job, {"candidate": f"$.package.{_MODEL_DATA}"}),
        "StartGates": _start(job, {"candidate": f"$.package.{_MODEL_DATA}", "champion": "$.champion.model_data"}),
        "WhyGatesNotStarted": choose(
            when(matching("$.error.Error", "*ResourceInUse*"), then="ReadGates"), otherwise="ExplainGatesError"
        ),
        "WaitForGates": wait(_POLL_SECONDS, then="ReadGates"),
        "ReadGates": task(
            "sagemaker:describeProcessingJob",
            {"ProcessingJobName.$": "$.gate_job.name"},
            result="$.gate_run",
            then="AreGatesPassed",
            caught="ExplainGatesError",
        ),
        **_verdict(then=then, refused=refused),
    }


def _start(job: GateJob, inputs: dict[str, str]) -> State:
    """The captured requests are no input: SageMaker fails a job whose prefix holds nothing yet."""
    request: dict[str, Any] = {
        "ProcessingJobName.$": "$.gate_job.name",
        "ProcessingInputs": [_input(name, path) for name, path in inputs.items()],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "replay",
                    "S3Output": {
                        "S3Uri.$": f"States.Format('{job.output_uri}/{{}}', $.gate_job.name)",
                        "LocalPath": f"{_ROOT}/output/replay",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
            "KmsKeyId": job.kms_key_arn,
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": job.instance_type,
                "VolumeSizeInGB": 30,
                **volume_key(job.instance_type, job.kms_key_arn),
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": job.max_runtime_seconds},
        "AppSpecification": {
            "ImageUri": job.image_uri,
            "ContainerEntrypoint": ["python", "-m", "pipeline_steps", "replay"],
            "ContainerArguments": list(job.arguments),
        },
        "Environment": {"SLIPWAY_MODEL_SHA256.$": "$.registered.sha256"},
        "RoleArn": job.role_arn,
        "Tags": [{"Key": COST_TAG, "Value": job.cost_tag}],
    }
    if job.vpc_config:
        request["NetworkConfig"] = {"VpcConfig": job.vpc_config}
    start = task("sagemaker:createProcessingJob", request, then="WaitForGates", caught="WhyGatesNotStarted")
    start["Retry"] = [{"ErrorEquals": [_IN_USE], "MaxAttempts": 0}, *start["Retry"]]
    return start


def _input(name: str, path: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri.$": path,
            "LocalPath": f"{_ROOT}/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        },
    }


def _verdict(*, then: str, refused: str) -> States:
    status, said = "$.gate_run.ProcessingJobStatus", "$.gate_run.ExitMessage"
    why = "$.gate_run.FailureReason"

    def ended(pattern: str, *, then: str) -> State:
        return when(equal(status, "Completed"), present(said), matching(said, pattern), then=then)

    def broken(kind: str) -> State:
        once_more = {"Variable": "$.gates.attempt", "NumericLessThan": ATTEMPTS}
        return when(equal(status, "Failed"), present(why), matching(why, kind), once_more, then="TryGatesAgain")

    def failure(reason: str, *paths: str, by: str) -> State:
        text = f"States.Format('{reason}', {', '.join(paths)})"
        return note("$.failure", parameters={"reason.$": text, "by": by}, then=refused)

    return {
        "AreGatesPassed": choose(
            when(equal(status, "InProgress"), then="WaitForGates"),
            when(equal(status, "Stopping"), then="WaitForGates"),
            ended("passed*", then="GatesPassed"),
            ended("contract: *", then="RefuseByContract"),
            ended("replay: *", then="RefuseByReplay"),
            broken("*InternalServerError*"),
            broken("*CapacityError*"),
            when(present(why), then="ExplainGatesFailure"),
            otherwise="ExplainGatesEnd",
        ),
        "GatesPassed": note("$.gates", parameters={"message.$": said}, then=then),
        "TryGatesAgain": note(
            "$.gates", parameters={"attempt.$": "States.MathAdd($.gates.attempt, 1)"}, then="NameGates"
        ),
        "RefuseByContract": failure("{}", said, by="contract"),
        "RefuseByReplay": failure("{}", said, by="replay"),
        "ExplainGatesFailure": failure("the gates could not judge: {}", why, by="gates"),
        "ExplainGatesEnd": failure(
            "the gates could not judge: job {} ended {} without a verdict", "$.gate_job.name", status, by="gates"
        ),
        "ExplainGatesError": failure(
            "the gates could not be run: {}: {}", "$.error.Error", "$.error.Cause", by="gates"
        ),
    }
