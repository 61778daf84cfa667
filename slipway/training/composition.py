"""The training pipeline: prepare, train a reference beside the search, evaluate, and register or refuse."""

from dataclasses import dataclass, replace
from typing import Any

from slipway.settings import Settings
from slipway.settings.hyperparameters import DATA_FINGERPRINT_HYPERPARAMETER
from slipway.settings.problems import VALUE_METRIC
from slipway.training.compute import compute_of, vpc_config
from slipway.training.container_arguments import evaluation_arguments
from slipway.training.document import pipeline_document
from slipway.training.evaluated_gate import evaluated_gate
from slipway.training.parameters import Parameters
from slipway.training.pipeline_keys import CHECKPOINTS, MODELS, PIPELINE
from slipway.training.pipeline_keys import SPLITS as SPLIT_KEYS
from slipway.training.processing_step import ProcessingInput, ProcessingOutput, ProcessingStep, PropertyFile
from slipway.training.references import EXECUTION_ID, Join
from slipway.training.reported_gate import reported_gate
from slipway.training.retries import JOB_RETRIES, STEP_RETRY
from slipway.training.step import CacheConfig, Step
from slipway.training.training_step import Channel, MetricDefinition, TrainingJob, TrainingStep
from slipway.training.tuning_step import TuningStep

SPLITS = ("train", "validation", "test")
DATA_FINGERPRINT_VARIABLE = "SLIPWAY_DATA_FINGERPRINT"
"""Where processing steps have the data's fingerprint: their containers make nothing of it, the step cache does."""

_PROCESSING = "/opt/ml/processing"
_LONGEST_RUN_DAYS = 7
"""From a cache hit to the last job that reads what was found."""


def training_pipeline(
    settings: Settings,
    *,
    bucket: str,
    kms_key_arn: str,
    image_uri: str,
    use_case_uri: str,
    processing_role_arn: str,
    training_role_arn: str,
    evaluation_role_arn: str,
    data_bucket: str | None = None,
) -> dict[str, Any]:
    """The definition (2020-12-01) of the use case's pipeline; every string may be a CDK token.

    `use_case_uri` is where the `use_case_document` lies in S3. `bucket` takes what the jobs write; the default of
    `InputDataUri` lies in `data_bucket`, or else there too.
    """
    composition = _Composition(
        settings=settings,
        bucket=bucket,
        kms_key_arn=kms_key_arn,
        image_uri=image_uri,
        use_case_uri=use_case_uri,
        processing_role_arn=processing_role_arn,
        training_role_arn=training_role_arn,
        evaluation_role_arn=evaluation_role_arn,
        parameters=Parameters.of(settings, data_uri=f"s3://{data_bucket or bucket}/data/"),
    )
    return pipeline_document(
        composition.parameters.all(), composition.steps(), has_experiment=settings.training.experiments
    )


@dataclass(frozen=True)
class _Composition:
    settings: Settings
    bucket: str
    kms_key_arn: str
    image_uri: str
    use_case_uri: str
    processing_role_arn: str
    training_role_arn: str
    evaluation_role_arn: str
    parameters: Parameters

    def steps(self) -> tuple[Step, ...]:
        prepare = self._prepare()
        if self.settings.has_own_model:
            tune = self._tune(prepare)
            gate = reported_gate(
                self.settings,
                self.parameters,
                image_uri=self.image_uri,
                prepare=prepare,
                tune=tune,
                retries=(STEP_RETRY,),
            )
            return prepare, tune, gate
        reference = TrainingStep(
            name="Reference",
            job=self._job(
                prepare, {"algorithm": self.settings.facts.reference, **self.settings.search.reference_fixed}
            ),
            retries=JOB_RETRIES,
            cache=self._cache(),
        )
        tune = self._tune(prepare)
        evaluate = self._evaluate(prepare, reference, tune)
        gate = evaluated_gate(
            self.settings,
            self.parameters,
            image_uri=self.image_uri,
            prepare=prepare,
            evaluate=evaluate,
            retries=(STEP_RETRY,),
        )
        return prepare, reference, tune, evaluate, gate

    def _prepare(self) -> ProcessingStep:
        return ProcessingStep(
            name="Prepare",
            image_uri=self.image_uri,
            entrypoint=_entrypoint("prepare"),
            container_arguments=("--target-first",) if self.settings.has_builtin_training else (),
            inputs=(
                ProcessingInput("data", self.parameters.input_data_uri, f"{_PROCESSING}/input/data"),
                ProcessingInput("use_case", self.use_case_uri, f"{_PROCESSING}/input/use_case"),
            ),
            outputs=(*map(self._split, (*SPLITS, *self._target_first())), self._output("prepare", "profile")),
            environment={DATA_FINGERPRINT_VARIABLE: self.parameters.data_fingerprint},
            role_arn=self.processing_role_arn,
            compute=compute_of(self.settings, self.settings.training.processing_instance_type, self.kms_key_arn),
            property_files=(PropertyFile("Profile", output="profile", path="profile.json"),),
            network_isolation=True,
            vpc_config=vpc_config(self.settings),
            retries=JOB_RETRIES,
            cache=self._cache(),
        )

    def _target_first(self) -> tuple[str, ...]:
        """The splits once more, in the form of SageMaker's own image."""
        return ("train_target_first", "validation_target_first") if self.settings.has_builtin_training else ()

    def _tune(self, prepare: ProcessingStep) -> TuningStep:
        job = self._job(prepare, {}, is_long=True)
        training = self.settings.training
        if training.image:
            # Only what the settings name: an image may refuse other hyperparameters. The data's fingerprint is not
            # missed by the step cache, for new data have new splits, in a folder of the execution that made them.
            job = replace(
                job,
                image_uri=training.image,
                hyperparameters={},
                metrics=tuple(MetricDefinition(*each) for each in training.metric_definitions.items()),
            )
        if names := self._target_first():
            channels = (Channel(name.removesuffix("_target_first"), prepare.output(name)) for name in names)
            job = replace(job, channels=tuple(channels))
        return TuningStep(
            name="Tune",
            job=job,
            settings=self.settings,
            objective_metric=self.settings.objective_metric,
            retries=JOB_RETRIES,
            cache=self._cache(),
        )

    def _job(self, prepare: ProcessingStep, hyperparameters: dict[str, str], *, is_long: bool = False) -> TrainingJob:
        return TrainingJob(
            image_uri=self.image_uri,
            # A tuning job's environment is no part of the cache's key, its static hyperparameters are.
            hyperparameters={
                "seed": str(self.settings.tuning.seed),
                DATA_FINGERPRINT_HYPERPARAMETER: self.parameters.data_fingerprint,
                **hyperparameters,
            },
            channels=tuple(Channel(split, prepare.output(split)) for split in ("train", "validation")),
            metrics=tuple(MetricDefinition(name, f"{name}=([0-9.eE+-]+)") for name in self._metrics()),
            output_path=f"s3://{self.bucket}/{MODELS}",
            role_arn=self.training_role_arn,
            compute=compute_of(self.settings, self.settings.training.training_instance_type, self.kms_key_arn),
            max_wait_seconds=self.settings.training.wait_seconds,
            # Not named after the execution: a step's cache compares the path. A checkpoint's name has its inputs' hash.
            checkpoint_path=f"s3://{self.bucket}/{CHECKPOINTS}" if is_long else None,
            vpc_config=vpc_config(self.settings),
        )

    def _metrics(self) -> list[str]:
        """What a training job prints of each split that it reads."""
        settings = self.settings
        measured = [*settings.facts.metrics, *([VALUE_METRIC] if settings.value else [])]
        return [f"{split}:{metric}" for split in ("train", "validation") for metric in measured]

    def _evaluate(self, prepare: ProcessingStep, reference: TrainingStep, tune: TuningStep) -> ProcessingStep:
        """Not cached: the champion it compares with may have changed. Not isolated: it asks the registry for it."""
        sources = {"candidate": tune.best_model, "baseline": reference.model}
        sources |= {folder: prepare.output(folder) for folder in (*SPLITS, "profile")}
        return ProcessingStep(
            name="Evaluate",
            image_uri=self.image_uri,
            entrypoint=_entrypoint("evaluate"),
            container_arguments=evaluation_arguments(
                self.settings,
                package_group=self.settings.names.package_group,
                threshold=self.parameters.gate_threshold,
                jobs={
                    "tuned": tune.value("BestTrainingJob.TrainingJobName"),
                    "reference": reference.value("TrainingJobName"),
                },
            ),
            inputs=tuple(
                ProcessingInput(name, source, f"{_PROCESSING}/input/{name}") for name, source in sources.items()
            ),
            outputs=(self._output("evaluate", "evaluation"), self._output("evaluate", "model")),
            role_arn=self.evaluation_role_arn,
            compute=compute_of(self.settings, self.settings.training.processing_instance_type, self.kms_key_arn),
            property_files=(
                PropertyFile("Evaluation", output="evaluation", path="evaluation.json"),
                PropertyFile("ModelCard", output="evaluation", path="model_card_content.json"),
            ),
            vpc_config=vpc_config(self.settings),
            retries=JOB_RETRIES,
        )

    def _cache(self) -> CacheConfig:
        """No longer than what a cached step made is there for those that read it."""
        return CacheConfig(expire_after=f"P{min(30, self.settings.training.split_days - _LONGEST_RUN_DAYS)}D")

    def _output(self, step: str, name: str) -> ProcessingOutput:
        where = Join((f"s3://{self.bucket}/{PIPELINE}", EXECUTION_ID, step, name), on="/")
        return ProcessingOutput(name, where, f"{_PROCESSING}/output/{name}")

    def _split(self, name: str) -> ProcessingOutput:
        where = Join((f"s3://{self.bucket}/{SPLIT_KEYS}", EXECUTION_ID, name), on="/")
        return ProcessingOutput(name, where, f"{_PROCESSING}/output/{name}")


def _entrypoint(verb: str) -> tuple[str, ...]:
    return ("python", "-m", "pipeline_steps", verb)
