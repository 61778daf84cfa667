"""The training pipeline as data: small types that write the SageMaker definition JSON (2020-12-01)."""

from slipway.training.composition import training_pipeline
from slipway.training.container_arguments import evaluation_arguments
from slipway.training.document import to_json
from slipway.training.use_case_document import use_case_document

__all__ = ["evaluation_arguments", "to_json", "training_pipeline", "use_case_document"]
