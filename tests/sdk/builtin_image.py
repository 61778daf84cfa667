"""What SageMaker's SDK says of its XGBoost image:  builtin_image.py REQUEST.json ANSWER.json

Runs in the SDK's environment. The first attempt to reach a network ends it: no AWS is needed, and none is asked.
"""

import json
import sys
from pathlib import Path
from typing import Any

from write_definition import refuse_network


def main(argv: list[str]) -> None:
    """Give the image's URI by region and version, and the request of a training job of it."""
    request = json.loads(Path(argv[1]).read_text(encoding="utf-8"))
    sys.addaudithook(refuse_network)

    from sagemaker.core import image_uris  # noqa: PLC0415 -- the hook comes before anything of the SDK

    uris = {
        region: {version: image_uris.retrieve("xgboost", region, version=version) for version in request["versions"]}
        for region in request["regions"]
    }
    answer = {"uris": uris, "job": training_job(request["job"])}
    Path(argv[2]).write_text(json.dumps(answer), encoding="utf-8")


def training_job(given: dict[str, Any]) -> dict[str, Any]:
    """Of an estimator with the image, which reads two folders of CSV files."""
    import boto3  # noqa: PLC0415
    from sagemaker.core.shapes import Channel, DataSource, S3DataSource  # noqa: PLC0415
    from sagemaker.core.training.configs import (  # noqa: PLC0415
        Compute,
        Networking,
        OutputDataConfig,
        StoppingCondition,
    )
    from sagemaker.core.workflow.pipeline_context import PipelineSession  # noqa: PLC0415
    from sagemaker.mlops.workflow.pipeline import Pipeline  # noqa: PLC0415
    from sagemaker.mlops.workflow.steps import TrainingStep  # noqa: PLC0415
    from sagemaker.train import ModelTrainer  # noqa: PLC0415

    session = PipelineSession(boto3.Session(region_name=given["region"]), default_bucket="artifacts")
    trainer = ModelTrainer(
        sagemaker_session=session,
        role=given["role"],
        base_job_name="train",
        training_image=given["image"],
        compute=Compute(
            instance_type=given["instance_type"],
            instance_count=1,
            volume_size_in_gb=30,
            volume_kms_key_id=given["key"],
        ),
        networking=Networking(enable_network_isolation=True),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
        output_data_config=OutputDataConfig(s3_output_path=given["output"], kms_key_id=given["key"]),
        hyperparameters=given["hyperparameters"],
    )
    channels = [
        Channel(
            channel_name=name,
            data_source=DataSource(
                s3_data_source=S3DataSource(
                    s3_data_type="S3Prefix", s3_uri=uri, s3_data_distribution_type="FullyReplicated"
                )
            ),
            content_type="text/csv",
        )
        for name, uri in given["channels"].items()
    ]
    step = TrainingStep("Train", trainer.train(input_data_config=channels))
    definition = json.loads(Pipeline("p", steps=[step], sagemaker_session=session).definition())
    arguments: dict[str, Any] = definition["Steps"][0]["Arguments"]
    return arguments


if __name__ == "__main__":
    main(sys.argv)
