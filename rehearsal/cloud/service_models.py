"""botocore's descriptions of the services, read once for the whole process: SageMaker's alone are 2 MB of JSON."""

import functools
import threading
from typing import Any

import boto3
import botocore.session
from botocore.model import ServiceModel

_making = threading.Lock()


def make_client(service: str, **options: Any) -> Any:
    """A boto3 client; clients are thread-safe, their making is not."""
    with _making:
        return _session().client(service, **options)


@functools.cache
def service_model(service: str) -> ServiceModel:
    """The service by its name in botocore.

    Raises:
        UnknownServiceError: botocore has no such service.
    """
    with _making:
        return _core().get_service_model(service)


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session(botocore_session=_core())


@functools.cache
def _core() -> botocore.session.Session:
    return botocore.session.Session()
