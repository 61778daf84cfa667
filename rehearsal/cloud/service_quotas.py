"""Service Quotas: the quotas that this account was given on its command line; every other one is unlimited."""

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.sagemaker.api_errors import ApiError
from rehearsal.cloud.sagemaker.json_protocol import Action, Api

TARGET_PREFIX = "ServiceQuotasV20190624."
Record = dict[str, Any]

_SERVICE = "sagemaker"


class ServiceQuotas:
    """Attributes: api: answers requests of Service Quotas."""

    def __init__(self, given: Mapping[str, float]) -> None:
        self._given = dict(given)
        actions: dict[str, Action] = {
            "ListServiceQuotas": self.list,
            "ListAWSDefaultServiceQuotas": self.list,
            "GetServiceQuota": self.get,
        }
        self.api = Api(actions, threading.RLock(), service="service-quotas")

    def require(self, name: str, *, used: int, more: int) -> None:
        """Refuse what goes over the quota of that name, with SageMaker's sentence."""
        if name in self._given and used + more > self._given[name]:
            raise ApiError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{name}' is {self._given[name]:g} Instances, with current "
                f"utilization of {used} Instances and a request delta of {more} Instances. Please use AWS Service "
                "Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact AWS "
                "support to request an increase for this quota.",
            )

    def list(self, request: Record) -> Record:
        if request["ServiceCode"] != _SERVICE:
            return {"Quotas": []}
        return {"Quotas": [self._quota(name) for name in sorted(self._given)]}

    def get(self, request: Record) -> Record:
        for name in self._given if request["ServiceCode"] == _SERVICE else ():
            if _code(name) == request["QuotaCode"]:
                return {"Quota": self._quota(name)}
        raise ApiError(
            "NoSuchResourceException", "The request failed because the specified service quota does not exist"
        )

    def _quota(self, name: str) -> Record:
        return {
            "ServiceCode": _SERVICE,
            "ServiceName": "Amazon SageMaker",
            "QuotaArn": f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:{_SERVICE}/{_code(name)}",
            "QuotaCode": _code(name),
            "QuotaName": name,
            "Value": self._given[name],
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


def _code(name: str) -> str:
    """In AWS's form: a letter and eight hexadecimal digits. The real code of a quota is known to AWS alone."""
    return f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"
