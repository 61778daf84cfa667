"""AWS::SageMaker::ModelPackageGroup."""

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import SageMaker, without
from rehearsal.cloud.sagemaker.arns import name_of


class ModelPackageGroupResource:
    """Its name, which a template must give, and its description are create-only."""

    name = "AWS::SageMaker::ModelPackageGroup"
    create_only = ("ModelPackageGroupDescription", "ModelPackageGroupName")

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Provisioned:
        request = without(properties, "ModelPackageGroupPolicy")
        arn = self._sagemaker.call("CreateModelPackageGroup", request)["ModelPackageGroupArn"]
        return arn, self._attributes(arn)

    def _attributes(self, arn: str) -> Properties:
        found = self._sagemaker.call("DescribeModelPackageGroup", {"ModelPackageGroupName": name_of(arn)})
        return {name: str(found[name]) for name in ("ModelPackageGroupArn", "ModelPackageGroupStatus", "CreationTime")}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        self._sagemaker.retag(physical_id, old, new)
        return physical_id, self._attributes(physical_id)

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._sagemaker.gone("DeleteModelPackageGroup", {"ModelPackageGroupName": name_of(physical_id)})
