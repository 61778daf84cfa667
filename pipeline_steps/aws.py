"""Access to AWS, for the verbs that need it. The import takes 0.5 s, so they do it as late as possible."""

import os

import boto3
import botocore.session
from botocore.loaders import create_loader

# Read here and not by the first client: forked jobs share what was there when their module was imported.
_LOADER = create_loader()
_LOADER.load_data_with_path("endpoints")
for _description in ("service-2", "endpoint-rule-set-1", "paginators-1"):
    for _service in ("sagemaker", "s3"):
        _LOADER.load_service_model(_service, _description)


def aws_session() -> boto3.Session:
    """A session of the job's own, from its variables and files alone."""
    core = botocore.session.Session()
    core.register_component("data_loader", _LOADER)
    # SageMaker sets AWS_REGION, and boto3 reads only AWS_DEFAULT_REGION
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return boto3.Session(botocore_session=core, region_name=region)
