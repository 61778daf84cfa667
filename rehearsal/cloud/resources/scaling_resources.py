"""AWS::ApplicationAutoScaling::ScalableTarget and ::ScalingPolicy, of endpoint variants."""

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import ProvisioningError, SageMaker, without

_PLACE = ("ServiceNamespace", "ResourceId", "ScalableDimension")


class ScalableTargetResource:
    """What it scales is create-only. A stack's tags do not reach it: its type has none."""

    name = "AWS::ApplicationAutoScaling::ScalableTarget"
    create_only = ("ResourceId", "ScalableDimension", "ServiceNamespace")

    def __init__(self, scaling: SageMaker) -> None:
        self._scaling = scaling

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Provisioned:
        if properties.get("ScheduledActions"):
            raise ProvisioningError("ScheduledActions are not supported in the embedded AWS")
        self._scaling.call("RegisterScalableTarget", without(properties, "Tags", "ScheduledActions"))
        target = "|".join(properties[key] for key in ("ResourceId", "ScalableDimension", "ServiceNamespace"))
        return target, {"Id": target}

    def update(self, _physical_id: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
        return self.create("", new, stack)

    def delete(self, _physical_id: str, properties: Properties) -> None:
        self._scaling.gone("DeregisterScalableTarget", {key: properties[key] for key in _PLACE})


class ScalingPolicyResource:
    """Its name and its target are create-only; the target may be named by its Ref."""

    name = "AWS::ApplicationAutoScaling::ScalingPolicy"
    create_only = ("PolicyName", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace")

    def __init__(self, scaling: SageMaker) -> None:
        self._scaling = scaling

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Provisioned:
        request = {**without(properties, "Tags", "ScalingTargetId"), **_place(properties)}
        arn = self._scaling.call("PutScalingPolicy", request)["PolicyARN"]
        return arn, {"Arn": arn}

    def update(self, _physical_id: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
        return self.create("", new, stack)

    def delete(self, _physical_id: str, properties: Properties) -> None:
        request = {"PolicyName": properties["PolicyName"], **_place(properties)}
        self._scaling.gone("DeleteScalingPolicy", request)


def _place(properties: Properties) -> Properties:
    if target := properties.get("ScalingTargetId"):
        resource, dimension, namespace = str(target).split("|")
        return {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}
    return {key: properties[key] for key in _PLACE}
