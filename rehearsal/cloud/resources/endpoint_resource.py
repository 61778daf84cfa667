"""AWS::SageMaker::Endpoint: waits for what it has started, and defines how CloudFormation sees a rollback."""

import time
from typing import Any, Literal

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import ProvisioningError, SageMaker, generated_name, without
from rehearsal.cloud.sagemaker.arns import name_of

AfterRollback = Literal["silent", "failed"]
"""AWS does not document what CloudFormation reports when SageMaker has gone back to the old config by itself: success
(what users of other tools saw, and the harder case for callers that trust it), or a failed update."""

_POLL_SECONDS = 0.05
_ENDED = ("InService", "Failed", "OutOfService", "UpdateRollbackFailed")
_UPDATE_ONLY = ("ExcludeRetainedVariantProperties", "RetainAllVariantProperties", "RetainDeploymentConfig")


class EndpointResource:
    """Only its name is create-only; a changed config updates the endpoint in place, with its DeploymentConfig."""

    name = "AWS::SageMaker::Endpoint"
    create_only = ("EndpointName",)

    def __init__(self, sagemaker: SageMaker, *, after_rollback: AfterRollback) -> None:
        self._sagemaker, self._after_rollback = sagemaker, after_rollback

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        name = properties.get("EndpointName") or generated_name(stack, logical_id)
        request = {**_request(without(properties, *_UPDATE_ONLY)), "EndpointName": name}
        arn = self._sagemaker.call("CreateEndpoint", request)["EndpointArn"]
        ended = self._wait(name)
        if ended["EndpointStatus"] != "InService":
            # The engine has no physical id of what failed to be created, so the clean-up is ours.
            self.delete(arn, properties)
            raise ProvisioningError(f"Endpoint {name} did not become InService: {_reason(ended)}")
        return arn, {"EndpointName": name, "Id": arn}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        found = self._sagemaker.call("DescribeEndpoint", {"EndpointName": name_of(physical_id)})
        name = found["EndpointName"]
        self._sagemaker.retag(physical_id, old, new)
        if without(old, "Tags") != without(new, "Tags"):
            self._update(name, new)
        return physical_id, {"EndpointName": name, "Id": physical_id}

    def _update(self, name: str, new: Properties) -> None:
        self._sagemaker.call("UpdateEndpoint", {**_request(without(new, "Tags")), "EndpointName": name})
        ended = self._wait(name)
        if ended["EndpointStatus"] != "InService":
            raise ProvisioningError(f"Endpoint {name} was not updated: {_reason(ended)}")
        if ended["EndpointConfigName"] != new["EndpointConfigName"] and self._after_rollback == "failed":
            raise ProvisioningError(f"Endpoint {name} was rolled back: {_reason(ended)}")

    def delete(self, physical_id: str, properties: Properties) -> None:
        request = {"EndpointName": properties.get("EndpointName") or name_of(physical_id)}
        if self._sagemaker.gone("DescribeEndpoint", request):
            return
        self._wait(request["EndpointName"])
        self._sagemaker.call("DeleteEndpoint", request)
        while not self._sagemaker.gone("DescribeEndpoint", request):
            time.sleep(_POLL_SECONDS)

    def _wait(self, name: str) -> dict[str, Any]:
        while True:
            found = self._sagemaker.call("DescribeEndpoint", {"EndpointName": name})
            if found["EndpointStatus"] in _ENDED:
                return found
            time.sleep(_POLL_SECONDS)


def _reason(endpoint: dict[str, Any]) -> str:
    return str(endpoint.get("FailureReason", endpoint["EndpointStatus"]))


def _request(properties: Properties) -> Properties:
    """The API insists on WaitIntervalInSeconds where a template may leave it out."""
    policy = properties.get("DeploymentConfig", {}).get("BlueGreenUpdatePolicy")
    if not policy or "TrafficRoutingConfiguration" not in policy:
        return properties
    routing = {"WaitIntervalInSeconds": 0, **policy["TrafficRoutingConfiguration"]}
    blue_green = {**policy, "TrafficRoutingConfiguration": routing}
    return {**properties, "DeploymentConfig": {**properties["DeploymentConfig"], "BlueGreenUpdatePolicy": blue_green}}
