"""What an endpoint serves: a model package of the registry, or a container image with a model archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from infra.shared.container_image import Image
from infra.shared.object_access import may_read
from infra.shared.policy import Statement


@dataclass(frozen=True, kw_only=True)
class RegisteredModel:
    """A model package; its archive lies below `artifact_keys` of a bucket, and it names a tag of the image.

    `package_arn` may be the value of a parameter, so that a stack update serves another package. `other_images` are
    those of packages that the endpoint may still serve from before.
    """

    package_arn: str
    image: Image
    artifacts_bucket: s3.IBucket
    artifact_keys: str
    environment: Mapping[str, str] = field(default_factory=dict)
    other_images: Sequence[Image] = ()

    def definition(self) -> dict[str, Any]:
        """Properties of the container."""
        return {"model_package_name": self.package_arn}

    def may_read_data(self) -> list[Statement]:
        return may_read(self.artifacts_bucket, self.artifact_keys)

    def may_pull(self) -> list[Statement]:
        return [*self.image.may_pull(), *(image.may_pull()[0] for image in self.other_images)]


@dataclass(frozen=True, kw_only=True)
class S3Object:
    """An object of a bucket, such as an asset's."""

    bucket: s3.IBucket
    key: str


@dataclass(frozen=True, kw_only=True)
class ContainerModel:
    """An image that keeps SageMaker's contract, and the archive that is unpacked into /opt/ml/model, where it has one.

    Of what is given as a string, the role that may read it must be given to the endpoint as well.
    """

    image: Image | str
    data: S3Object | str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    package_arn: None = None

    def definition(self) -> dict[str, Any]:
        """Properties of the container."""
        url = self.data.bucket.s3_url_for_object(self.data.key) if isinstance(self.data, S3Object) else self.data
        image = self.image if isinstance(self.image, str) else self.image.uri
        return {"image": image, "model_data_url": url}

    def may_read_data(self) -> list[Statement]:
        return may_read(self.data.bucket, self.data.key) if isinstance(self.data, S3Object) else []

    def may_pull(self) -> list[Statement]:
        return [] if isinstance(self.image, str) else self.image.may_pull()


@dataclass(frozen=True, kw_only=True)
class ShadowModel:
    """A candidate beside the live model, while `condition` holds: it responds to copies of requests, never to a user.

    Attributes:
        model: the candidate; the endpoint's role must be able to read it, as it can the live one of the same registry.
        instance_count: of its fleet, which is of the live one's type and is not autoscaled.
        percent: of the requests.
    """

    model: RegisteredModel | ContainerModel
    instance_count: int
    percent: int
    condition: cdk.CfnCondition


@dataclass(frozen=True, kw_only=True)
class Challengers:
    """Approved models that serve shares of the users beside the live one, each while its condition holds.

    They begin with the weight 0, and get shares by UpdateEndpointWeightsAndCapacities.

    Attributes:
        models: by variant name; the endpoint's role must be able to read them, as it can the live one.
        conditions: of each, in the same order.
        alone: while there is none of them.
        guarded: while updates have guardrails, which need the same variants before and after.
        instance_count: of each fleet.
    """

    models: Mapping[str, RegisteredModel | ContainerModel]
    conditions: Sequence[cdk.CfnCondition]
    alone: cdk.CfnCondition
    guarded: cdk.CfnCondition
    instance_count: int
