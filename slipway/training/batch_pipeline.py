"""The pipeline that scores files: collect, score by a transform job, assemble, and publish or refuse."""

from dataclasses import dataclass
from typing import Any

from slipway.settings import Settings
from slipway.settings.batch import Batch
from slipway.settings.names import COST_TAG
from slipway.training.batch_keys import ASSEMBLED, COLLECTED, PUBLISHED, RESPONSES, WORK
from slipway.training.compute import compute_of, vpc_config
from slipway.training.condition_step import Condition, ConditionStep, FailStep
from slipway.training.document import pipeline_document
from slipway.training.model_step import ModelStep
from slipway.training.processing_step import ProcessingInput, ProcessingOutput, ProcessingStep, PropertyFile
from slipway.training.references import EXECUTION_ID, Join, Parameter
from slipway.training.retries import JOB_RETRIES, STEP_RETRY
from slipway.training.step import Step
from slipway.training.transform_step import TransformStep

INPUT_URI, OUTPUT_URI = "InputUri", "OutputUri"

_PROCESSING = "/opt/ml/processing"


@dataclass(frozen=True, kw_only=True)
class BatchRoles:
    """The ARNs of the roles: none of the jobs may do what another one does."""

    collect: str
    model: str
    assemble: str
    publish: str


def batch_pipeline(
    settings: Settings,
    batch: Batch,
    *,
    bucket: str,
    data_bucket: str,
    kms_key_arn: str,
    image_uri: str,
    use_case_uri: str,
    roles: BatchRoles,
) -> dict[str, Any]:
    """The definition (2020-12-01) of the pipeline; every string but the settings' may be a CDK token."""
    composition = _BatchComposition(
        settings=settings,
        batch=batch,
        bucket=bucket,
        kms_key_arn=kms_key_arn,
        image_uri=image_uri,
        use_case_uri=use_case_uri,
        roles=roles,
        input_uri=Parameter(INPUT_URI, f"s3://{data_bucket}/{batch.input}"),
        output_uri=Parameter(OUTPUT_URI, f"s3://{bucket}/{PUBLISHED}"),
    )
    return pipeline_document((composition.input_uri, composition.output_uri), composition.steps())


@dataclass(frozen=True)
class _BatchComposition:
    settings: Settings
    batch: Batch
    bucket: str
    kms_key_arn: str
    image_uri: str
    use_case_uri: str
    roles: BatchRoles
    input_uri: Parameter
    output_uri: Parameter

    def steps(self) -> tuple[Step, ...]:
        collect = self._collect()
        model = ModelStep(
            name="Model",
            package_arn=collect.json("Plan", "model_package_arn"),
            role_arn=self.roles.model,
            tags={COST_TAG: self.settings.names.prefix},
            vpc_config=vpc_config(self.settings),
            retries=(STEP_RETRY,),
        )
        score = TransformStep(
            name="Score",
            model_name=model.model_name,
            source=Join((collect.output("requests"), "/")),
            destination=self._work(RESPONSES),
            input_filter="$.features",
            compute=compute_of(self.settings, self.batch.instance_type, self.kms_key_arn),
            instance_count=self.batch.instance_count,
            max_payload_mb=self.batch.max_payload_mb,
            max_concurrent_requests=self.batch.max_concurrent_requests,
            retries=JOB_RETRIES,
        )
        assemble = self._assemble(collect, score)
        return collect, model, score, assemble, self._accept(assemble)

    def _collect(self) -> ProcessingStep:
        """Not isolated: it asks the registry for the newest approved model. Nothing of it is cached."""
        return self._processing(
            "Collect",
            role_arn=self.roles.collect,
            arguments=(
                f"--model-package-group={self.settings.names.package_group}",
                f"--max-payload-mb={self.batch.max_payload_mb}",
            ),
            inputs={"batch": self.input_uri, "use_case": self.use_case_uri},
            outputs=tuple(self._output(COLLECTED, name) for name in ("requests", "source", "plan")),
            property_files=(PropertyFile("Plan", output="plan", path="plan.json"),),
        )

    def _assemble(self, collect: ProcessingStep, score: TransformStep) -> ProcessingStep:
        return self._processing(
            "Assemble",
            role_arn=self.roles.assemble,
            arguments=(
                f"--max-failed-percent={self.batch.max_failed_percent}",
                f"--max-prediction-drift={self.batch.max_prediction_drift}",
            ),
            inputs={
                "responses": score.value("TransformOutput.S3OutputPath"),
                "source": collect.output("source"),
                "plan": collect.output("plan"),
            },
            outputs=tuple(self._output(ASSEMBLED, name) for name in ("results", "report")),
            property_files=(PropertyFile("Batch", output="report", path="batch.json"),),
            network_isolation=True,
        )

    def _accept(self, assemble: ProcessingStep) -> ConditionStep:
        published = Join((self.output_uri, EXECUTION_ID), on="/")
        publish = self._processing(
            "Publish",
            role_arn=self.roles.publish,
            arguments=(
                Join(("--results=", assemble.output("results"))),
                Join(("--report=", assemble.output("report"))),
                Join(("--output=", published)),
                f"--kms-key={self.kms_key_arn}",
            ),
            inputs={"report": assemble.output("report")},
            outputs=(),
        )
        reasons = assemble.json("Batch", "refusals")
        return ConditionStep(
            name="Accept",
            conditions=(Condition("Equals", assemble.json("Batch", "refusal_count"), 0),),
            if_steps=(publish,),
            else_steps=(FailStep(name="Refuse", error_message=Join(("the results were not published: ", reasons))),),
        )

    def _processing(
        self,
        name: str,
        *,
        role_arn: str,
        arguments: tuple[Any, ...],
        inputs: dict[str, Any],
        outputs: tuple[ProcessingOutput, ...],
        property_files: tuple[PropertyFile, ...] = (),
        network_isolation: bool = False,
    ) -> ProcessingStep:
        return ProcessingStep(
            name=name,
            image_uri=self.image_uri,
            entrypoint=("python", "-m", "pipeline_steps", name.lower()),
            container_arguments=arguments,
            inputs=tuple(
                ProcessingInput(each, source, f"{_PROCESSING}/input/{each}") for each, source in inputs.items()
            ),
            outputs=outputs,
            role_arn=role_arn,
            compute=compute_of(self.settings, self.settings.training.processing_instance_type, self.kms_key_arn),
            property_files=property_files,
            network_isolation=network_isolation,
            vpc_config=vpc_config(self.settings),
            retries=JOB_RETRIES,
        )

    def _output(self, folder: str, name: str) -> ProcessingOutput:
        return ProcessingOutput(name, self._work(folder, name), f"{_PROCESSING}/output/{name}")

    def _work(self, *names: str) -> Join:
        return Join((f"s3://{self.bucket}/{WORK}", EXECUTION_ID, *names), on="/")
