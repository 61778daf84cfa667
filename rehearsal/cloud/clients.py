"""boto3 clients for our own endpoint, for the threads of this process."""

import threading
from typing import Any

from botocore.config import Config

from rehearsal.access_key import REGION, AccessKey
from rehearsal.cloud.service_models import make_client


class Clients:
    """One client a service, shared."""

    def __init__(self, endpoint_url: str, key: AccessKey) -> None:
        self.endpoint_url = endpoint_url
        self._key = key
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = make_client(
                    service,
                    endpoint_url=self.endpoint_url,
                    region_name=REGION,
                    aws_access_key_id=self._key.id,
                    aws_secret_access_key=self._key.secret,
                    config=Config(
                        retries={"total_max_attempts": 2}, max_pool_connections=64, parameter_validation=True
                    ),
                )
            return self._clients[service]
