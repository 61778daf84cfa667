"""The training pipeline of a use case, written with SageMaker's own SDK; runs in the SDK's environment only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sagemaker.core.network import NetworkConfig
from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    Channel,
    CheckpointConfig,
    DataSource,
    DriftCheckBaselines,
    DriftCheckModelDataQuality,
    DriftCheckModelQuality,
    Explainability,
    MetadataProperties,
    MetricDefinition,
    MetricsSource,
    ModelDataQuality,
    ModelMetrics,
    ModelPackageModelCard,
    ModelQuality,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    S3DataSource,
    Tag,
)
from sagemaker.core.telemetry import telemetry_logging
from sagemaker.core.training.configs import Compute, Networking, OutputDataConfig, StoppingCondition
from sagemaker.core.workflow.conditions import (
    ConditionGreaterThan,
    ConditionGreaterThanOrEqualTo,
    ConditionLessThanOrEqualTo,
)
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.pipeline_experiment_config import PipelineExperimentConfig
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TuningStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.serve.utils import telemetry_logger
from sagemaker.train import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

from slipway.settings import Settings
from slipway.settings.names import COST_TAG
from slipway.settings.problems import PROBLEMS, VALUE_METRIC

# The SDK reports its use to its maker; there is nobody to hear it. Its setting against that slows it down: with any
# setting, it validates them all again at every look into them, 53 times and 20 s in one run of the local mode.
for _module, _function in ((telemetry_logging, "_send_telemetry_request"), (telemetry_logger, "_send_telemetry")):
    assert hasattr(_module, _function)
    setattr(_module, _function, lambda *_, **__: None)

SPLITS = ("train", "validation", "test")
STEP_RETRY = StepRetryPolicy(
    exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
    interval_seconds=10,
    max_attempts=5,
)
JOB_RETRY = SageMakerJobStepRetryPolicy(
    exception_types=[
        SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
        SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
        SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT,
    ],
    interval_seconds=60,
    max_attempts=3,
)
JOB = {"retry_policies": [STEP_RETRY, JOB_RETRY]}
CACHED = {"cache_config": CacheConfig(enable_caching=True, expire_after="P30D")}


@dataclass(frozen=True)
class SdkPipeline:
    settings: Settings
    session: Any
    bucket: str
    data_uri: str
    kms_key_arn: str
    image_uri: str
    use_case_uri: str
    processing_role_arn: str
    training_role_arn: str
    evaluation_role_arn: str
    environment: Mapping[str, str] | None = None
    """What a processing job gets besides; the SDK's local mode gives a container no way to the registry by itself."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Hyperparameters of the candidate that replace those in the settings."""

    # The parameters

    @cached_property
    def input_data_uri(self) -> ParameterString:
        return ParameterString("InputDataUri", self.data_uri)

    @cached_property
    def data_fingerprint(self) -> ParameterString:
        return ParameterString("DataFingerprint")

    @cached_property
    def threshold(self) -> ParameterFloat | None:
        given = self.settings.gate.threshold
        return None if given is None else ParameterFloat("GateThreshold", given)

    @cached_property
    def approval_status(self) -> ParameterString:
        allowed = ["PendingManualApproval", "Approved", "Rejected"]
        return ParameterString("ModelApprovalStatus", allowed[0], enum_values=allowed)

    @cached_property
    def commit(self) -> ParameterString:
        return ParameterString("SourceCommit", "unknown")

    # The steps

    @cached_property
    def prepare(self) -> ProcessingStep:
        known = {"SLIPWAY_DATA_FINGERPRINT": self.data_fingerprint}
        processor = self._processor("prepare", self.processing_role_arn, isolated=True, environment=known)
        arguments = processor.run(
            inputs=[_input("data", self.input_data_uri), _input("use_case", self.use_case_uri)],
            outputs=[*map(self._split, SPLITS), self._output("prepare", "profile")],
        )
        profile = PropertyFile("Profile", output_name="profile", path="profile.json")
        return ProcessingStep("Prepare", arguments, property_files=[profile], **CACHED, **JOB)

    @cached_property
    def baseline(self) -> TrainingStep:
        trainer = self._trainer({"algorithm": PROBLEMS[self.settings.problem].reference})
        return TrainingStep("Reference", trainer.train(input_data_config=self._channels()), **CACHED, **JOB)

    @cached_property
    def candidate(self) -> TrainingStep:
        """One model with the fixed hyperparameters: for local mode, which refuses tuning."""
        (search,) = self.settings.search.searches
        trainer = self._trainer({"algorithm": search.algorithm, **search.fixed, **self.fixed}, is_long=True)
        return TrainingStep("Candidate", trainer.train(input_data_config=self._channels()), **CACHED, **JOB)

    @cached_property
    def tune(self) -> TuningStep:
        """Over one algorithm: of several trainers, the SDK's tuner writes no job definitions."""
        tuning, whole = self.settings.tuning, self.settings.search
        (search,) = whole.searches
        tuner = HyperparameterTuner(
            model_trainer=self._trainer({"algorithm": search.algorithm, **search.fixed}, is_long=True),
            objective_metric_name=f"validation:{self.settings.metric}",
            hyperparameter_ranges={name: _searched(bounds) for name, bounds in search.ranges.items()},
            metric_definitions=[{"Name": name, "Regex": _regex(name)} for name in self._metrics()],
            strategy=tuning.strategy,
            objective_type={"maximize": "Maximize", "minimize": "Minimize"}[self.settings.direction],
            max_jobs=None if tuning.strategy == "Grid" else whole.jobs,
            max_parallel_jobs=whole.parallel_jobs,
            random_seed=tuning.seed,
        )
        return TuningStep("Tune", tuner.tune(inputs=self._channels()), **CACHED, **JOB)

    @cached_property
    def tuned_model(self) -> Join:
        best = self.tune.properties.BestTrainingJob.TrainingJobName
        return Join(on="/", values=[f"s3://{self.bucket}/pipeline/models", best, "output/model.tar.gz"])

    def evaluate(self, candidate: Any, job: Any) -> ProcessingStep:
        """`job` is the name of the training job that made `candidate`."""
        sources = {"candidate": candidate, "baseline": _model(self.baseline)}
        sources |= {name: self._made(self.prepare, name) for name in (*SPLITS, "profile")}
        arguments = self._processor("evaluate", self.evaluation_role_arn).run(
            inputs=[_input(name, source) for name, source in sources.items()],
            outputs=[self._output("evaluate", "evaluation"), self._output("evaluate", "model")],
            arguments=self._evaluation_arguments(job),
        )
        files = [
            PropertyFile("Evaluation", output_name="evaluation", path="evaluation.json"),
            PropertyFile("ModelCard", output_name="evaluation", path="model_card_content.json"),
        ]
        return ProcessingStep("Evaluate", arguments, property_files=files, **JOB)

    def gate(self, *, if_steps: list[Any]) -> ConditionStep:
        return ConditionStep(
            "Gate",
            conditions=list(self._conditions()),
            if_steps=if_steps,
            else_steps=[
                FailStep("Refuse", Join(values=["the gate refused the candidate: ", _evaluated("gate.reasons")]))
            ],
        )

    def _conditions(self) -> Iterator[Any]:
        gate = self.settings.gate
        if self.threshold is not None:
            reached = {"maximize": ConditionGreaterThanOrEqualTo, "minimize": ConditionLessThanOrEqualTo}
            yield reached[self.settings.direction](_evaluated("gate.metric_bound"), self.threshold)
        yield ConditionGreaterThan(_evaluated("gate.gain_over_naive_low"), gate.min_gain_over_naive)
        yield ConditionLessThanOrEqualTo(_evaluated("gate.loss_to_reference_low"), gate.max_loss_to_reference)
        yield ConditionLessThanOrEqualTo(_evaluated("gate.loss_to_champion_low"), gate.max_loss_to_champion)
        if self.settings.value and self.settings.decision.maximise in (None, "value"):
            yield ConditionLessThanOrEqualTo(_evaluated("gate.value_loss_to_champion_low"), 0.0)
        if gate.max_train_validation_gap is not None:
            yield ConditionLessThanOrEqualTo(_evaluated("gate.gap"), gate.max_train_validation_gap)

    def register(self, evaluate: ProcessingStep) -> ModelStep:
        settings = self.settings
        model_quality = _json_file(self._made(evaluate, "evaluation"), "evaluation.json")
        data_quality = _json_file(self._made(self.prepare, "profile"), "profile.json")
        builder = ModelBuilder(
            image_uri=self.image_uri,
            s3_model_data_url=Join(on="/", values=[self._made(evaluate, "model"), "model.tar.gz"]),
            env_vars={"SLIPWAY_MODEL_SHA256": _evaluated("model.sha256")},
            dependencies={},  # by default it asks for a bucket to put code into, though there is none
            role_arn=self.training_role_arn,
            sagemaker_session=self.session,
        )
        types = ["text/csv", "application/json"]
        arguments = builder.register(
            model_package_group_name=settings.names.package_group,
            content_types=types,
            response_types=types,
            inference_instances=[settings.endpoint.instance_type],
            transform_instances=[settings.endpoint.instance_type],
            approval_status=self.approval_status,
            description=settings.description or None,
            model_metrics=ModelMetrics(
                model_quality=ModelQuality(statistics=model_quality),
                model_data_quality=ModelDataQuality(statistics=data_quality),
                explainability=Explainability(
                    report=_json_file(self._made(evaluate, "evaluation"), "explainability.json")
                ),
            ),
            drift_check_baselines=DriftCheckBaselines(
                model_quality=DriftCheckModelQuality(statistics=model_quality),
                model_data_quality=DriftCheckModelDataQuality(statistics=data_quality),
            ),
            metadata_properties=MetadataProperties(
                commit_id=self.commit, generated_by=ExecutionVariables.PIPELINE_EXECUTION_ARN
            ),
            customer_metadata_properties=self._provenance(evaluate, model_quality),
            model_card=ModelPackageModelCard(
                model_card_content=JsonGet(step_name="Evaluate", property_file="ModelCard", json_path="content"),
                model_card_status="PendingReview",
            ),
        )
        return ModelStep("Register", arguments, retry_policies=[STEP_RETRY])

    # The pipelines

    def whole(self) -> Pipeline:
        """The pipeline as SageMaker would get it."""
        evaluate = self.evaluate(self.tuned_model, self.tune.properties.BestTrainingJob.TrainingJobName)
        gate = self.gate(if_steps=[self.register(evaluate)])
        return self._pipeline([self.prepare, self.baseline, self.tune, evaluate, gate])

    def local(self) -> Pipeline:
        """The same without the two steps that the SDK's local mode refuses: tuning and registering."""
        evaluate = self.evaluate(_model(self.candidate), self.candidate.properties.TrainingJobName)
        return self._pipeline([self.prepare, self.baseline, self.candidate, evaluate, self.gate(if_steps=[])])

    def baseline_only(self) -> Pipeline:
        """Prepare, Train, Evaluate, Condition with one training job: the baseline is its own candidate."""
        evaluate = self.evaluate(_model(self.baseline), self.baseline.properties.TrainingJobName)
        return self._pipeline([self.prepare, self.baseline, evaluate, self.gate(if_steps=[])])

    # Their parts

    def _pipeline(self, steps: list[Any]) -> Pipeline:
        parameters = [
            self.input_data_uri,
            self.data_fingerprint,
            *([] if self.threshold is None else [self.threshold]),
            self.approval_status,
            self.commit,
        ]
        return Pipeline(
            self.settings.names.pipeline,
            parameters,
            pipeline_experiment_config=PipelineExperimentConfig(
                ExecutionVariables.PIPELINE_NAME, ExecutionVariables.PIPELINE_EXECUTION_ID
            ),
            steps=steps,
            sagemaker_session=self.session,
        )

    def _processor(
        self, verb: str, role_arn: str, *, isolated: bool = False, environment: Mapping[str, Any] | None = None
    ) -> Processor:
        vpc = self._vpc()
        network = NetworkConfig(enable_network_isolation=isolated, **vpc) if isolated or vpc else None
        return Processor(
            role=role_arn,
            image_uri=self.image_uri,
            instance_count=1,
            instance_type=self.settings.training.processing_instance_type,
            entrypoint=["python", "-m", "pipeline_steps", verb],
            volume_size_in_gb=30,
            volume_kms_key=self.kms_key_arn,
            output_kms_key=self.kms_key_arn,
            max_runtime_in_seconds=self.settings.training.max_runtime_seconds,
            sagemaker_session=self.session,
            env={**(environment or {}), **(self.environment or {})} or None,
            tags=[{"Key": COST_TAG, "Value": self.settings.names.prefix}],
            network_config=network,
        )

    def _vpc(self) -> dict[str, list[str]]:
        vpc = self.settings.access.vpc
        return {"subnets": list(vpc.subnets), "security_group_ids": list(vpc.security_groups)} if vpc else {}

    def _trainer(self, hyperparameters: Mapping[str, str], *, is_long: bool = False) -> ModelTrainer:
        training = self.settings.training
        spot: dict[str, Any] = {"enable_managed_spot_training": True} if training.spot else {}
        waits: dict[str, Any] = {"max_wait_time_in_seconds": training.wait_seconds} if training.spot else {}
        kept = CheckpointConfig(s3_uri=f"s3://{self.bucket}/pipeline/checkpoints")
        made = ModelTrainer(
            sagemaker_session=self.session,
            role=self.training_role_arn,
            base_job_name="train",
            training_image=self.image_uri,
            compute=Compute(
                instance_type=training.training_instance_type,
                instance_count=1,
                volume_size_in_gb=30,
                volume_kms_key_id=self.kms_key_arn,
                **spot,
            ),
            networking=Networking(enable_network_isolation=True, **self._vpc()),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=training.max_runtime_seconds, **waits),
            output_data_config=OutputDataConfig(
                s3_output_path=f"s3://{self.bucket}/pipeline/models", kms_key_id=self.kms_key_arn
            ),
            checkpoint_config=kept if training.spot and is_long else None,
            hyperparameters={
                "seed": str(self.settings.tuning.seed),
                "data_fingerprint": self.data_fingerprint,
                **hyperparameters,
            },
            tags=[Tag(key=COST_TAG, value=self.settings.names.prefix)],
        )
        return made.with_metric_definitions(
            [MetricDefinition(name=name, regex=_regex(name)) for name in self._metrics()]
        )

    def _metrics(self) -> list[str]:
        measured = [*PROBLEMS[self.settings.problem].metrics, *([VALUE_METRIC] if self.settings.value else [])]
        return [f"{split}:{metric}" for split in ("train", "validation") for metric in measured]

    def _channels(self) -> list[Channel]:
        return [self._channel(name) for name in ("train", "validation")]

    def _channel(self, name: str) -> Channel:
        source = S3DataSource(
            s3_data_type="S3Prefix",
            s3_uri=self._made(self.prepare, name),
            s3_data_distribution_type="FullyReplicated",
        )
        return Channel(channel_name=name, data_source=DataSource(s3_data_source=source), content_type="text/csv")

    def _made(self, step: ProcessingStep, output: str) -> Any:
        return step.properties.ProcessingOutputConfig.Outputs[output].S3Output.S3Uri

    def _output(self, step: str, name: str) -> ProcessingOutput:
        return _written(f"s3://{self.bucket}/pipeline", step, name)

    def _split(self, name: str) -> ProcessingOutput:
        return _written(f"s3://{self.bucket}/pipeline/splits", name)

    def _evaluation_arguments(self, job: Any) -> list[Any]:
        gate = self.settings.gate
        return [
            f"--model-package-group={self.settings.names.package_group}",
            f"--confidence={gate.confidence}",
            *([] if self.threshold is None else [Join(values=["--threshold=", self.threshold])]),
            f"--min-gain-over-naive={gate.min_gain_over_naive}",
            f"--max-loss-to-reference={gate.max_loss_to_reference}",
            f"--max-loss-to-champion={gate.max_loss_to_champion}",
            *([] if gate.max_train_validation_gap is None else [f"--max-gap={gate.max_train_validation_gap}"]),
            *([] if gate.accuracy_target is None else [f"--accuracy-target={gate.accuracy_target}"]),
            Join(values=["--tuned-job=", job]),
            Join(values=["--reference-job=", self.baseline.properties.TrainingJobName]),
        ]

    def _provenance(self, evaluate: ProcessingStep, evaluation: MetricsSource) -> dict[str, Any]:
        return {
            "commit": self.commit,
            "data_sha256": _profiled("sha256.source"),
            "test_sha256": _profiled("sha256.test"),
            "test_rows": Join(on="/", values=[self._made(self.prepare, "test"), "data.csv"]),
            "model_sha256": _evaluated("model.sha256"),
            "image": self.image_uri,
            "pipeline_execution_arn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
            "problem": self.settings.problem,
            "algorithm": _evaluated("algorithm"),
            "training_job": _evaluated("model.training_job"),
            "model_card": Join(on="/", values=[self._made(evaluate, "evaluation"), "model_card.json"]),
            "gate_metric": self.settings.metric,
            **({"gate_metric_against": against} if (against := self.settings.metric_against) else {}),
            **({} if self.threshold is None else {"gate_threshold": Join(values=[self.threshold])}),
            "gate_value": Join(values=[_evaluated("gate.value")]),
            "champion_difference": _evaluated("champion_difference"),
            "evaluation": evaluation.s3_uri,
        }


def _input(name: str, source: Any) -> ProcessingInput:
    path = f"/opt/ml/processing/input/{name}"
    return ProcessingInput(
        input_name=name,
        app_managed=False,
        s3_input=ProcessingS3Input(s3_uri=source, local_path=path, s3_data_type="S3Prefix", s3_input_mode="File"),
    )


def _written(place: str, *folders: str) -> ProcessingOutput:
    where = Join(on="/", values=[place, ExecutionVariables.PIPELINE_EXECUTION_ID, *folders])
    path = f"/opt/ml/processing/output/{folders[-1]}"
    output = ProcessingS3Output(s3_uri=where, local_path=path, s3_upload_mode="EndOfJob")
    return ProcessingOutput(output_name=folders[-1], s3_output=output, app_managed=False)


def _searched(bounds: Any) -> Any:
    if bounds.type == "categorical":
        return CategoricalParameter(list(bounds.values))
    kind = {"continuous": ContinuousParameter, "integer": IntegerParameter}[bounds.type]
    return kind(bounds.min, bounds.max, scaling_type=bounds.scaling)


def _regex(metric: str) -> str:
    return f"{metric}=([0-9.eE+-]+)"


def _model(step: TrainingStep) -> Any:
    return step.properties.ModelArtifacts.S3ModelArtifacts


def _json_file(folder: Any, name: str) -> MetricsSource:
    return MetricsSource(content_type="application/json", s3_uri=Join(on="/", values=[folder, name]))


def _evaluated(path: str) -> JsonGet:
    return JsonGet(step_name="Evaluate", property_file="Evaluation", json_path=path)


def _profiled(path: str) -> JsonGet:
    return JsonGet(step_name="Prepare", property_file="Profile", json_path=path)
