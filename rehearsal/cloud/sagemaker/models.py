"""Models: what an endpoint config's variants serve."""

from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error
from rehearsal.cloud.sagemaker.arns import arn
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.packages import Packages
from rehearsal.cloud.sagemaker.platform import Platform, Record, one_of

_LISTING = Listing("Models", name="ModelName")


class Models:
    def __init__(self, platform: Platform, packages: Packages) -> None:
        self._platform, self._packages = platform, packages
        self._models: dict[str, Record] = {}

    def actions(self) -> Mapping[str, Action]:
        return {
            "CreateModel": self.create,
            "DescribeModel": self.describe,
            "ListModels": self.list,
            "DeleteModel": self.delete,
        }

    def create(self, request: Record) -> Record:
        one_of(request, "PrimaryContainer", "Containers")
        name = request["ModelName"]
        model_arn = arn("model", name.lower())
        if name.lower() in self._models:
            raise validation_error(f'Cannot create already existing model "{model_arn}".')
        containers = request.get("Containers") or [request["PrimaryContainer"]]
        if len(containers) != 1:
            raise validation_error(f"a model must have one container on the laptop, got {len(containers)}")
        self._models[name.lower()] = {
            "EnableNetworkIsolation": False,
            **request,
            "ModelArn": model_arn,
            "CreationTime": self._platform.now(),
            "_served": self._served(containers[0]),
        }
        self._platform.tag(model_arn, request.get("Tags"))
        self._platform.emit("SageMaker Model State Change", {"ModelName": name, "ModelArn": model_arn}, [model_arn])
        return {"ModelArn": model_arn}

    def _served(self, container: Mapping[str, Any]) -> Record:
        """What the container comes to when its package, if it names one, has been looked up."""
        package = container.get("ModelPackageName")
        source = self._packages.deployable_container(package) if package else container
        if not source.get("Image"):
            raise validation_error("a container must have an Image or a ModelPackageName")
        return {
            "Image": source["Image"],
            "ModelDataUrl": source.get("ModelDataUrl"),
            "Environment": {**source.get("Environment", {}), **container.get("Environment", {})},
        }

    def describe(self, request: Record) -> Record:
        return self.get(request["ModelName"])

    def list(self, request: Record) -> Record:
        return _LISTING.answer(self._models.values(), request)

    def delete(self, request: Record) -> None:
        model = self.get(request["ModelName"])
        del self._models[model["ModelName"].lower()]
        self._platform.untag(model["ModelArn"])

    def get(self, name: str) -> Record:
        if name.lower() not in self._models:
            raise validation_error(f'Could not find model "{arn("model", name.lower())}".')
        return self._models[name.lower()]

    def served(self, name: str) -> Record:
        """Image, ModelDataUrl and Environment of the model's container."""
        served: Record = self.get(name)["_served"]
        return served
