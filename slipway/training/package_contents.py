"""What a model package says however it was evaluated: the container that serves it, and where it comes from."""

from collections.abc import Mapping

from slipway.settings import Settings
from slipway.training.parameters import Parameters
from slipway.training.processing_step import ProcessingStep
from slipway.training.references import EXECUTION_ARN, Join, Text
from slipway.training.registration import TEST_ROWS, ServedContainer


def served_container(settings: Settings, image_uri: str, environment: Mapping[str, Text]) -> ServedContainer:
    """Slipway's server in the image of the steps, or a server of the user's own."""
    endpoint = settings.endpoint
    if endpoint.image is None or endpoint.output is None:
        return ServedContainer(image_uri, environment)
    return ServedContainer(
        endpoint.image,
        {**endpoint.environment, **environment},
        content_types=(endpoint.request.content_type,),
        response_types=(endpoint.output.content_type,),
    )


def origin(
    settings: Settings, parameters: Parameters, prepare: ProcessingStep, served: ServedContainer
) -> dict[str, Text]:
    """Commit, data, image and execution, and where the test split lies."""
    return {
        "commit": parameters.source_commit,
        "data_sha256": prepare.json("Profile", "sha256.source"),
        "test_sha256": prepare.json("Profile", "sha256.test"),
        "image": served.image_uri,
        "pipeline_execution_arn": EXECUTION_ARN,
        "problem": settings.problem,
        TEST_ROWS: Join((prepare.output("test"), "data.csv"), on="/"),
    }


def data_quality(prepare: ProcessingStep) -> Join:
    """Where the training data's statistics lie in S3."""
    return Join((prepare.output("profile"), "profile.json"), on="/")
