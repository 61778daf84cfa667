"""Names and ARNs of SageMaker's resources."""

import secrets
import string

from rehearsal.cloud.environment import ACCOUNT, REGION

_PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"
_LETTERS = string.ascii_lowercase + string.digits


def arn(kind: str, name: str) -> str:
    """`arn:aws:sagemaker:…:<kind>/<name>`; SageMaker lowers the case of names in ARNs of pipelines and jobs."""
    return f"{_PREFIX}{kind}/{name}"


def name_of(reference: str) -> str:
    """The name in an ARN, or the reference itself when it is a name already."""
    return reference.rpartition("/")[2] if reference.startswith("arn:") else reference


def random_id(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
