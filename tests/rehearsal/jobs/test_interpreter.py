import io
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.jobs.caching import parse_duration
from rehearsal.jobs.interpreter import DefinitionError, PipelineRun, StepCache, StepRecord

ARN = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/demo/execution/abcdefghijkl"


class FakeSageMaker:
    """The few calls a pipeline makes; a job runs for `ticks` looks at it and then ends as `endings` says."""

    def __init__(self, ticks: int = 1, endings: dict[str, list[str]] | None = None) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.events: list[tuple[str, str]] = []
        self.errors: list[ClientError] = []
        self._jobs: dict[str, dict[str, Any]] = {}
        self._ticks, self._endings = ticks, endings or {}
        self._lock = threading.Lock()

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        verb, _, kind = operation.partition("_")
        kind_name = "".join(part.title() for part in kind.split("_"))
        if verb not in {"create", "describe", "stop"}:
            raise AttributeError(operation)
        return lambda **arguments: getattr(self, f"_{verb}")(kind_name, arguments)

    def _create(self, kind_name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self.errors:
                raise self.errors.pop(0)
            self.requests.append((kind_name, arguments))
            if kind_name in {"ModelPackage", "ModelPackageGroup", "Experiment", "Trial"}:
                return {f"{kind_name}Arn": f"arn:{kind_name}/1"}
            name = arguments[f"{kind_name}Name"]
            step = name.split("-")[-2]
            reason = self._endings[step].pop(0) if self._endings.get(step) else ""
            self._jobs[name] = {
                **arguments,
                "left": self._ticks,
                "step": step,
                "reason": reason,
                "status": "InProgress",
            }
            self.events.append(("start", step))
            return {f"{kind_name}Arn": f"arn:{kind_name}/{name}"}

    def _describe(self, kind_name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if kind_name == "ModelPackage":
            return {"ModelPackageStatus": "Completed", "ModelPackageArn": arguments["ModelPackageName"]}
        if kind_name == "ModelPackageGroup":
            raise api_error("ValidationException", "no such group", 400)
        with self._lock:
            job = self._jobs[arguments[f"{kind_name}Name"]]
            job["left"] -= 1
            if job["left"] <= 0 and job["status"] == "InProgress":
                job["status"] = "Failed" if job["reason"] else "Completed"
                self.events.append(("end", job["step"]))
            shown = {key: value for key, value in job.items() if key[0].isupper()}
            return shown | {f"{kind_name}Status": job["status"], "FailureReason": job["reason"]}

    def _stop(self, kind_name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._jobs[arguments[f"{kind_name}Name"]]["status"] = "Stopped"
            return {}

    def list_training_jobs_for_hyper_parameter_tuning_job(self, **_: Any) -> dict[str, Any]:
        return {"TrainingJobSummaries": [{"TrainingJobName": "best"}]}


class FakeS3:
    def __init__(self, **objects: Any) -> None:
        self.objects = objects

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "bucket"
        if Key not in self.objects:
            raise api_error("NoSuchKey", "not there", 404)
        return {"Body": io.BytesIO(json.dumps(self.objects[Key]).encode())}


def api_error(code: str, message: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "x"
    )


def document(*steps: dict[str, Any], parameters: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}


def job(name: str, *needs: str, kind: str = "Processing", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": {}, "DependsOn": list(needs), **more}


def gate(conditions: list[Any], then: list[Any] | None = None, otherwise: list[Any] | None = None) -> dict[str, Any]:
    arguments = {"Conditions": conditions, "IfSteps": then or [], "ElseSteps": otherwise or []}
    return {"Name": "Gate", "Type": "Condition", "Arguments": arguments}


def compare(name: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": name, "LeftValue": left, "RightValue": right}


class Run:
    """Executes a definition against the fakes and keeps what was shown."""

    def __init__(
        self,
        definition: dict[str, Any],
        sagemaker: FakeSageMaker | None = None,
        *,
        parameters: dict[str, str] | None = None,
        s3: FakeS3 | None = None,
        cache: StepCache | None = None,
        on_step: Callable[[StepRecord], None] | None = None,
        stopped: threading.Event | None = None,
        execution: str = ARN,
    ) -> None:
        self.sagemaker = sagemaker or FakeSageMaker()
        self.shown: list[StepRecord] = []
        self._also = on_step or (lambda _: None)
        self.outcome = PipelineRun(
            definition,
            parameters or {},
            execution_arn=execution,
            pipeline_name="demo",
            sagemaker=self.sagemaker,
            s3=s3 or FakeS3(),
            on_step=self._note,
            cache=cache or StepCache(),
            stopped=stopped or threading.Event(),
            speed=1000.0,
            poll_seconds=0.001,
        ).run()

    def _note(self, record: StepRecord) -> None:
        self.shown.append(record)
        self._also(record)

    def last(self, name: str) -> StepRecord:
        return [record for record in self.shown if record.name == name][-1]

    def statuses(self) -> dict[str, str]:
        return {record.name: record.status for record in self.shown}

    def request(self, kind_name: str) -> dict[str, Any]:
        return next(arguments for kind, arguments in self.sagemaker.requests if kind == kind_name)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    names = [f"s{number}" for number in range(draw(st.integers(1, 8)))]
    return {
        name: draw(st.lists(st.sampled_from(names[:at]), unique=True)) if at else [] for at, name in enumerate(names)
    }


@settings(max_examples=40, deadline=None)
@given(graphs(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_a_step_never_starts_before_what_it_depends_on_has_ended(
    graph: dict[str, list[str]], order: Any, ticks: int
) -> None:
    steps = [job(name, *needs) for name, needs in graph.items()]
    order.shuffle(steps)
    run = Run(document(*steps), FakeSageMaker(ticks))
    assert run.outcome.status == "Succeeded"
    at = {event: position for position, event in enumerate(run.sagemaker.events)}
    assert len(at) == 2 * len(graph)
    for name, needs in graph.items():
        for need in needs:
            assert at[("end", need)] < at[("start", name)]


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_nothing_that_depends_on_a_failed_step_ever_starts(graph: dict[str, list[str]], data: st.DataObject) -> None:
    broken = data.draw(st.sampled_from(sorted(graph)))
    sagemaker = FakeSageMaker(1, {broken: ["AlgorithmError: no, exit code: 1"]})
    run = Run(document(*(job(name, *needs) for name, needs in graph.items())), sagemaker)
    tainted = {broken}
    for name, needs in graph.items():
        if tainted & set(needs):
            tainted.add(name)
    assert run.outcome.status == "Failed"
    assert f"{broken}: AlgorithmError: no, exit code: 1" in str(run.outcome.failure_reason)
    assert {name for event, name in run.sagemaker.events if event == "start"} & tainted == {broken}


def test_independent_steps_run_side_by_side() -> None:
    run = Run(document(job("left"), job("right")), FakeSageMaker(ticks=50))
    assert sorted(run.sagemaker.events[:2]) == [("start", "left"), ("start", "right")]


def test_references_reach_parameters_execution_and_earlier_steps() -> None:
    prepare = job("Prepare")
    prepare["Arguments"] = {
        "ProcessingOutputConfig": {
            "Outputs": [
                {"OutputName": "train", "S3Output": {"S3Uri": {"Std:Join": {"On": "/", "Values": [
                    "s3://bucket", {"Get": "Execution.PipelineExecutionId"}, {"Get": "Parameters.Count"}]}}}},
            ],
        },
    }  # fmt: skip
    train = job("Train", kind="Training")
    train["Arguments"] = {"Uri": {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}}
    count = {"Name": "Count", "Type": "Integer", "DefaultValue": 3}
    run = Run(document(prepare, train, parameters=(count,)), parameters={"Count": "7"})
    assert run.request("TrainingJob")["Uri"] == "s3://bucket/abcdefghijkl/7"


def test_an_execution_is_a_trial_whose_names_its_jobs_are_given_but_no_search() -> None:
    whole = document(job("Prepare"), job("Train", "Prepare", kind="Training"), job("Tune", "Train", kind="Tuning"))
    names = {"ExperimentName": {"Get": "Execution.PipelineName"}, "TrialName": {"Get": "Execution.PipelineExecutionId"}}
    whole["Steps"][2]["Arguments"] = {"HyperParameterTuningJobConfig": {}}
    sagemaker = FakeSageMaker()
    sagemaker.errors = [api_error("ValidationException", "demo already exists.", 400)]
    run = Run({**whole, "PipelineExperimentConfig": names}, sagemaker)
    expected = {"ExperimentName": "demo", "TrialName": "abcdefghijkl"}
    assert run.outcome.status == "Succeeded"
    assert run.request("Trial") == expected
    assert (
        run.request("ProcessingJob")["ExperimentConfig"] == run.request("TrainingJob")["ExperimentConfig"] == expected
    )
    assert "ExperimentConfig" not in run.request("HyperParameterTuningJob")


def test_an_execution_fails_that_may_not_make_its_experiment() -> None:
    sagemaker = FakeSageMaker()
    sagemaker.errors = [api_error("AccessDeniedException", "not authorized", 400)]
    run = Run({**document(job("Prepare")), "PipelineExperimentConfig": {}}, sagemaker)
    assert (run.outcome.status, run.shown) == ("Failed", [])
    assert "sagemaker:CreateExperiment" in str(run.outcome.failure_reason)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=5), st.integers(), st.booleans()), max_size=5), st.text(max_size=3))
def test_join_writes_strings_as_they_are_and_the_rest_as_json(values: list[Any], separator: str) -> None:
    step = {
        "Name": "Stop",
        "Type": "Fail",
        "Arguments": {"ErrorMessage": {"Std:Join": {"On": separator, "Values": values}}},
    }
    expected = separator.join(value if isinstance(value, str) else json.dumps(value) for value in values)
    assert Run(document(step)).last("Stop").failure_reason == expected[:1024]


def test_the_best_training_job_of_a_tuning_step_can_be_referred_to() -> None:
    tune = job("Tune", kind="Tuning", Arguments={
        "HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": {"Type": "Maximize"}},
        "BestTrainingJob": {"TrainingJobName": "winner"}})  # fmt: skip
    use = job("Use", Arguments={
        "Best": {"Get": "Steps.Tune.BestTrainingJob.TrainingJobName"},
        "First": {"Get": "Steps.Tune.TrainingJobSummaries[0].TrainingJobName"}})  # fmt: skip
    run = Run(document(tune, use))
    assert (run.request("ProcessingJob")["Best"], run.request("ProcessingJob")["First"]) == ("winner", "best")


def evaluating(*conditions: Any, then: list[Any], otherwise: list[Any]) -> dict[str, Any]:
    outputs = [{"OutputName": "evaluation", "S3Output": {"S3Uri": "s3://bucket/evaluation/"}}]
    files = [{"PropertyFileName": "Evaluation", "OutputName": "evaluation", "FilePath": "evaluation.json"}]
    step = job("Evaluate", PropertyFiles=files, Arguments={"ProcessingOutputConfig": {"Outputs": outputs}})
    return document(step, gate(list(conditions), then, otherwise))


def from_evaluation(path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"}, "Path": path}}


FAIL = {"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": from_evaluation("reasons")}}


@pytest.mark.parametrize(("auc", "taken"), [(0.93, "Register"), (0.88, "Register"), (0.87, "Refuse")])
def test_a_condition_on_a_property_file_chooses_the_branch(auc: float, taken: str) -> None:
    definition = evaluating(
        compare("GreaterThanOrEqualTo", from_evaluation("metrics['auc']"), 0.88),
        then=[{"Name": "Register", "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": "demo"}}],
        otherwise=[FAIL],
    )
    s3 = FakeS3(**{"evaluation/evaluation.json": {"metrics": {"auc": auc}, "reasons": "auc is below 0.88"}})
    run = Run(definition, s3=s3)
    assert set(run.statuses()) == {"Evaluate", "Gate", taken}
    assert run.last("Gate").metadata == {"Condition": {"Outcome": str(taken == "Register")}}
    if taken == "Register":
        assert run.outcome.status == "Succeeded"
        assert run.last("Register").metadata == {"RegisterModel": {"Arn": "arn:ModelPackage/1"}}
        assert run.request("ModelPackageGroup") == {"ModelPackageGroupName": "demo"}
    else:
        assert run.outcome.status == "Failed"
        assert "Refuse: auc is below 0.88" in str(run.outcome.failure_reason)
        assert run.last("Refuse").metadata == {"Fail": {"ErrorMessage": "auc is below 0.88"}}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (compare("Equals", "a", "a"), True),
        (compare("GreaterThan", 1, 1), False),
        (compare("LessThan", 0.5, 1), True),
        (compare("LessThanOrEqualTo", 1, 1.0), True),
        ({"Type": "In", "QueryValue": "b", "Values": ["a", "b"]}, True),
        ({"Type": "In", "QueryValue": 1, "Values": [True, "1"]}, False),
        ({"Type": "Not", "Expression": compare("Equals", 1, 2)}, True),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 2, 2)]}, True),
    ],
)
def test_each_condition_type_means_what_it_says(condition: dict[str, Any], expected: bool) -> None:
    assert Run(document(gate([condition]))).last("Gate").metadata["Condition"]["Outcome"] == str(expected)


def test_all_conditions_of_a_step_must_hold() -> None:
    run = Run(document(gate([compare("Equals", 1, 1), compare("Equals", 1, 2)])))
    assert run.last("Gate").metadata["Condition"]["Outcome"] == "False"


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (
            compare("GreaterThan", from_evaluation("metrics.f1"), 0),
            "property file Evaluation of Evaluate has no metrics.f1",
        ),
        (compare("GreaterThan", from_evaluation("reasons"), 0), "GreaterThan must compare two numbers"),
        (compare("Equals", from_evaluation("metrics"), 0), "must be a number, a string or a truth value, got a dict"),
    ],
)
def test_a_condition_that_cannot_be_evaluated_fails_the_run(condition: dict[str, Any], reason: str) -> None:
    s3 = FakeS3(**{"evaluation/evaluation.json": {"metrics": {"auc": 1}, "reasons": "none"}})
    run = Run(evaluating(condition, then=[], otherwise=[]), s3=s3)
    assert run.outcome.status == "Failed"
    assert reason in str(run.outcome.failure_reason)


def test_a_missing_property_file_fails_the_run() -> None:
    run = Run(evaluating(compare("GreaterThan", from_evaluation("metrics.auc"), 0), then=[], otherwise=[]))
    assert "s3://bucket/evaluation/evaluation.json cannot be read" in str(run.outcome.failure_reason)


def test_steps_after_a_branch_that_was_not_taken_are_left_out() -> None:
    chosen = gate([compare("Equals", 1, 1)], [job("Yes")], [job("No")])
    run = Run(document(chosen, job("AfterYes", "Yes"), job("AfterNo", "No")))
    assert run.outcome.status == "Succeeded"
    assert set(run.statuses()) == {"Gate", "Yes", "AfterYes"}


def test_jobs_are_named_as_aws_names_them() -> None:
    long = "Prepare_the_data_of_all_the_visitors_of_the_last_year"
    run = Run(document(job(long), job("Tune", kind="Tuning", Arguments={"HyperParameterTuningJobConfig": {}})))
    name = run.request("ProcessingJob")["ProcessingJobName"]
    assert re.fullmatch(r"pipelines-abcdefghijkl-Prepare-the-data-of[a-zA-Z-]*[a-zA-Z]-[a-zA-Z0-9]{10}", name)
    assert len(name) <= 63
    tuning = run.request("HyperParameterTuningJob")["HyperParameterTuningJobName"]
    assert re.fullmatch(r"abcdefghijkl-Tune-[a-zA-Z0-9]{10}", tuning)
    assert len(tuning) <= 32


def test_a_failed_step_stops_what_runs_beside_it() -> None:
    sagemaker = FakeSageMaker(ticks=10**9)
    sagemaker.errors = [api_error("ValidationException", "no such role", 400)]
    run = Run(document(job("a"), job("b")), sagemaker)
    assert run.outcome.status == "Failed"
    assert sorted(run.statuses().values()) == ["Failed", "Stopped"]
    failed = next(record for record in run.shown if record.failure_reason)
    assert failed.failure_reason == (
        "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: no such role"
    )


def test_stopping_a_run_stops_its_jobs_and_starts_no_more() -> None:
    stopped = threading.Event()

    def stop_when_it_runs(record: StepRecord) -> None:
        if record.metadata:
            stopped.set()

    run = Run(document(job("a"), job("b", "a")), FakeSageMaker(10**9), on_step=stop_when_it_runs, stopped=stopped)
    assert (run.outcome.status, run.outcome.failure_reason) == ("Stopped", None)
    assert [record.status for record in run.shown if record.name == "a"] == [
        "Starting", "Executing", "Executing", "Stopping", "Stopped"]  # fmt: skip
    assert "b" not in run.statuses()


def test_a_job_that_somebody_stopped_fails_its_step() -> None:
    sagemaker = FakeSageMaker(10**9)

    def stop_the_job(record: StepRecord) -> None:
        if record.metadata and record.status == "Executing":
            name = record.metadata["ProcessingJob"]["Arn"].rpartition("/")[2]
            sagemaker.stop_processing_job(ProcessingJobName=name)

    run = Run(document(job("a")), sagemaker, on_step=stop_the_job)
    assert run.outcome.status == "Failed"
    assert "ended as Stopped" in str(run.outcome.failure_reason)


RETRY_INTERNAL = [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 1, "MaxAttempts": 2}]


@pytest.mark.parametrize(
    ("failures", "status", "attempts"), [(1, "Succeeded", 2), (2, "Succeeded", 3), (3, "Failed", 3)]
)
def test_an_internal_error_is_retried_as_often_as_the_policy_says(failures: int, status: str, attempts: int) -> None:
    sagemaker = FakeSageMaker(1, {"a": ["InternalServerError: try again"] * failures})
    run = Run(document(job("a", RetryPolicies=RETRY_INTERNAL)), sagemaker)
    assert (run.outcome.status, run.last("a").attempt_count) == (status, attempts)
    names = [request["ProcessingJobName"] for _, request in sagemaker.requests]
    assert len(set(names)) == attempts


def test_an_error_of_the_algorithm_is_never_retried() -> None:
    policies = [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR", "Step.SERVICE_FAULT", "Step.THROTTLING"]}]
    sagemaker = FakeSageMaker(1, {"a": ["AlgorithmError: bad data, exit code: 1"]})
    run = Run(document(job("a", RetryPolicies=policies)), sagemaker)
    assert (run.outcome.status, run.last("a").attempt_count) == ("Failed", 1)


def test_throttling_is_retried_where_a_policy_says_so() -> None:
    sagemaker = FakeSageMaker()
    sagemaker.errors = [api_error("ThrottlingException", "slow down", 400), api_error("InternalFailure", "oops", 500)]
    policies = [{"ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"], "IntervalSeconds": 1, "ExpireAfterMin": 5}]
    assert Run(document(job("a", RetryPolicies=policies)), sagemaker).outcome.status == "Succeeded"


CACHED = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"}}


def test_a_cached_step_is_not_run_again_and_says_where_its_result_is_from() -> None:
    cache = StepCache()
    definition = document(job("a", **CACHED, Arguments={"Environment": {"X": "1"}}))
    Run(definition, cache=cache)
    again = Run(definition, cache=cache, execution=ARN.replace("abc", "xyz"))
    assert again.sagemaker.requests == []
    assert again.last("a").cache_hit_result == {"SourcePipelineExecutionArn": ARN}
    assert again.last("a").status == "Succeeded"


@pytest.mark.parametrize(
    ("change", "runs_again"),
    [
        ({"Environment": {"X": "2"}}, True),
        ({"Environment": {"X": "1"}, "ProcessingOutputConfig": {"Outputs": []}}, False),
    ],
)
def test_only_the_arguments_aws_compares_make_a_cached_step_run_again(change: dict[str, Any], runs_again: bool) -> None:
    cache = StepCache()
    Run(document(job("a", **CACHED, Arguments={"Environment": {"X": "1"}})), cache=cache)
    again = Run(document(job("a", **CACHED, Arguments=change)), cache=cache)
    assert bool(again.sagemaker.requests) is runs_again


def test_a_failed_step_is_never_taken_from_the_cache() -> None:
    cache = StepCache()
    Run(document(job("a", **CACHED)), FakeSageMaker(1, {"a": ["AlgorithmError: no"]}), cache=cache)
    assert Run(document(job("a", **CACHED)), cache=cache).last("a").cache_hit_result is None


def test_records_have_the_shape_of_the_api() -> None:
    run = Run(document(job("a", DisplayName="First")))
    row = run.last("a").as_api()
    assert (row["StepName"], row["StepDisplayName"], row["StepStatus"]) == ("a", "First", "Succeeded")
    assert row["StartTime"] <= row["EndTime"] <= datetime.now(UTC)
    assert row["Metadata"]["ProcessingJob"]["Arn"].startswith("arn:ProcessingJob/pipelines-abcdefghijkl-a-")
    assert (row["AttemptCount"], "FailureReason" in row) == (1, False)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("not json", "pipeline definition must be JSON"),
        ({"Version": "2019-01-01", "Steps": [job("a")]}, "Version of a pipeline definition must be 2020-12-01"),
        (document(), "Steps of a pipeline definition must be a list of at least one step"),
        (document(job("a", "b")), "step a depends on b, which is no step of this pipeline"),
        (document(job("a", "b"), job("b", "a")), "steps must not wait for one another in a circle"),
        (document(job("a"), job("a")), "step names must be unique, got a 2 times"),
        (document(job("a", kind="EMR")), "type of step a must be one of Processing, Training, Tuning"),
        (document(job("a", Arguments={"X": {"Get": "Parameters.Y"}})), "Parameters.Y, which is no parameter"),
        (document(job("a", Arguments={"X": {"Get": "Steps.b.Y"}})), "step a depends on b, which is no step"),
        (document(job("a", Arguments={"X": {"Get": "Execution.Y"}})), "step a refers to Execution.Y, which must be"),
        (document(job("a", Arguments={"X": {"Get": "Steps.a[.Y"}})), "path must look like A.B[0]['c'], got Steps.a[.Y"),
        (document(gate([compare("Like", 1, 2)])), "condition type must be one of Equals"),
        (document(gate([])), "step Gate: condition must have a Type"),
        (document(job("a", RetryPolicies=[{"ExceptionType": ["X"]}])), "ExceptionType of a retry policy must be among"),
        (document(job("a", CacheConfig={"Enabled": True, "ExpireAfter": "soon"})), "ExpireAfter must be a duration"),
        (document(gate([compare("Equals", from_evaluation("x"), 1)])), "depends on Evaluate, which is no step"),
        (document(job("a"), parameters=({"Name": "N", "Type": "Integer", "DefaultValue": "x"},)),
         "parameter N must be of type Integer, got 'x'"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_explained_before_anything_runs(definition: Any, message: str) -> None:
    sagemaker = FakeSageMaker()
    with pytest.raises(DefinitionError) as error:
        Run(definition, sagemaker)
    assert message in str(error.value)
    assert sagemaker.requests == []


def test_all_mistakes_of_a_definition_are_told_at_once() -> None:
    with pytest.raises(DefinitionError) as error:
        Run(document(job("a", "x"), job("b", "y")))
    assert str(error.value).splitlines() == [
        "step a depends on x, which is no step of this pipeline",
        "step b depends on y, which is no step of this pipeline",
    ]


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"Extra": "1"}, "pipeline has no parameter Extra"),
        ({}, "parameter Threshold has no default and must be given"),
        ({"Threshold": "high"}, "parameter Threshold must be of type Float, got 'high'"),
        (
            {"Threshold": "0.9", "Approval": "Maybe"},
            "parameter Approval must be one of Approved, Rejected, got 'Maybe'",
        ),
    ],
)
def test_a_wrong_parameter_is_explained_before_anything_runs(given_values: dict[str, str], message: str) -> None:
    parameters = (
        {"Name": "Threshold", "Type": "Float"},
        {"Name": "Approval", "Type": "String", "DefaultValue": "Approved", "EnumValues": ["Approved", "Rejected"]},
    )
    with pytest.raises(DefinitionError) as error:
        Run(document(job("a"), parameters=parameters), parameters=given_values)
    assert message in str(error.value)


def test_json_may_be_read_from_s3_directly() -> None:
    read = {
        "Std:JsonGet": {"S3Uri": {"Std:Join": {"On": "/", "Values": ["s3://bucket", "x.json"]}}, "Path": "$.rows[1]"}
    }
    run = Run(document(gate([compare("Equals", read, 5)])), s3=FakeS3(**{"x.json": {"rows": [4, 5]}}))
    assert run.last("Gate").metadata["Condition"]["Outcome"] == "True"


def test_a_model_step_makes_a_model_that_later_steps_can_name() -> None:
    model = job("Model", kind="Model", Arguments={"ExecutionRoleArn": "arn:role"})
    use = job("Use", Arguments={"Model": {"Get": "Steps.Model.ModelName"}})
    run = Run(document(model, use))
    name = run.request("Model")["ModelName"]
    assert run.request("ProcessingJob")["Model"] == name
    assert run.last("Model").metadata == {"Model": {"Arn": f"arn:Model/{name}"}}


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False)])
def test_a_boolean_parameter_is_a_truth_value(text: str, value: bool) -> None:
    flag = {"Name": "Flag", "Type": "Boolean", "DefaultValue": not value}
    step = job("a", Arguments={"Flag": {"Get": "Parameters.Flag"}})
    assert Run(document(step, parameters=(flag,)), parameters={"Flag": text}).request("ProcessingJob")["Flag"] is value


@pytest.mark.parametrize("path", ["Steps.a.Nothing", "Steps.a.Outputs['b']", "Steps.a.Outputs[3]"])
def test_a_property_that_a_step_does_not_have_fails_the_step_that_asks(path: str) -> None:
    first = job("a", Arguments={"Outputs": [{"OutputName": "c"}]})
    run = Run(document(first, job("b", Arguments={"X": {"Get": path}})))
    assert run.last("b").status == "Failed"
    assert run.last("b").failure_reason.startswith("ClientError: step a has no ")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "days", "seconds"),
    [("P30D", 30, 0), ("PT1H", 0, 3600), ("30d", 30, 0), ("T16m", 0, 960), ("30dT5h", 30, 18000), ("P1Y", 365, 0)],
)
def test_the_age_of_a_cached_step_is_an_iso_duration(text: str, days: int, seconds: int) -> None:
    assert parse_duration(text) == timedelta(days=days, seconds=seconds)


def test_an_error_of_our_own_is_not_swallowed() -> None:
    def break_down(record: StepRecord) -> None:
        raise RuntimeError(record.name)

    with pytest.raises(RuntimeError, match="a"):
        Run(document(job("a")), on_step=break_down)
