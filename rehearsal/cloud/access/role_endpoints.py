"""Each endpoint acts as its model's role: artifacts, images, logs, captured requests, and the reads of alarms."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from rehearsal.cloud.access.calls import Call, CallLog, call
from rehearsal.cloud.access.platform_calls import join_vpc, publish_metrics, pull, write_logs
from rehearsal.cloud.access.sagemaker_calls import encrypted_volume
from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.s3_objects import S3Objects
from rehearsal.cloud.sagemaker.ports import EndpointFleets
from rehearsal.endpoints.request_queue import bucket_and_key

ModelOf = Callable[[str], Mapping[str, Any]]
"""A model by its name, as DescribeModel shows it."""

_METRICS = "/aws/sagemaker/Endpoints"


class RoleS3Objects:
    """Objects of the fleets, each read and written as the role of the model that it belongs to."""

    def __init__(self, artifacts_of: Callable[[str | None], S3Objects]) -> None:
        """`artifacts_of` acts as a role, or as the platform where none is known."""
        self._artifacts_of = artifacts_of
        self._readers: dict[str, str] = {}
        self._writers: dict[str, str] = {}
        self._served: dict[str, str] = {}

    def belongs(self, role_arn: str, *, model_data_url: str | None, captures: str | None) -> None:
        if model_data_url:
            self._readers[model_data_url] = role_arn
        if captures:
            self._writers[captures] = role_arn

    def serves(self, role_arn: str, endpoint: str) -> None:
        """The role reads the requests of the endpoint's queue from now on, and writes its responses."""
        self._served[endpoint] = role_arn

    def fetch(self, model_data_url: str, target: Path) -> None:
        self._artifacts_of(self._readers.get(model_data_url)).fetch(model_data_url, target)

    def role_of(self, endpoint: str) -> str:
        return self._served.get(endpoint, "")

    def of_endpoint(self, endpoint: str) -> S3Objects:
        return self._artifacts_of(self._served.get(endpoint))

    def write(self, bucket: str, key: str, content: bytes, kms_key_id: str | None) -> None:
        uri = f"s3://{bucket}/{key}"
        role = next((role for place, role in self._writers.items() if uri.startswith(place)), None)
        self._artifacts_of(role).write(bucket, key, content, kms_key_id)


class Direct(Protocol):
    """S3 and SNS without a request, as the platform."""

    def read(self, bucket: str, key: str) -> bytes: ...

    def write(self, bucket: str, key: str, content: bytes, kms_key_id: str | None) -> None: ...

    def publish(self, topic_arn: str, message: str) -> None: ...


class RoleQueues:
    """S3 and SNS for the queues of asynchronous endpoints.

    What the role of an endpoint's newest model does for the first time, in a folder or to a topic, is a request of its
    own, whose permission is recorded. The same again is done without one: it would take a rehearsal's processor.
    """

    def __init__(self, objects: RoleS3Objects, direct: Direct) -> None:
        self._objects, self._direct = objects, direct
        self._known: set[tuple[str, ...]] = set()

    def read(self, endpoint: str, uri: str) -> bytes:
        return self._by(endpoint, "read", uri.rpartition("/")[0]).read(*bucket_and_key(uri))

    def write(self, endpoint: str, uri: str, content: bytes, kms_key_id: str | None) -> None:
        by = self._by(endpoint, "write", uri.rpartition("/")[0])
        by.write(*bucket_and_key(uri), content, kms_key_id)

    def notify(self, endpoint: str, topic_arn: str, message: str) -> None:
        self._by(endpoint, "publish", topic_arn).publish(topic_arn, message)

    def _by(self, endpoint: str, act: str, place: str) -> Direct:
        role = self._objects.role_of(endpoint)
        if (role, act, place) in self._known:
            return self._direct
        self._known.add((role, act, place))
        return self._objects.of_endpoint(endpoint)


class RoleEndpoints:
    """The control plane's fleets."""

    def __init__(self, fleets: EndpointFleets, artifacts: RoleS3Objects, ledger: CallLog, model_of: ModelOf) -> None:
        self._fleets, self._artifacts, self._ledger, self._model_of = fleets, artifacts, ledger, model_of

    def create(self, endpoint_name: str, config: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> None:
        self._note(endpoint_name, config, models, ())
        self._fleets.create(endpoint_name, config, models)

    def update(
        self,
        endpoint_name: str,
        config: Mapping[str, Any],
        models: Mapping[str, Mapping[str, Any]],
        deployment_config: Mapping[str, Any] | None,
        *,
        retain_all_variant_properties: bool = False,
        excluded_properties: Collection[str] = frozenset(),
    ) -> None:
        rollback = (deployment_config or {}).get("AutoRollbackConfiguration", {})
        self._note(endpoint_name, config, models, [alarm["AlarmName"] for alarm in rollback.get("Alarms", ())])
        self._fleets.update(
            endpoint_name,
            config,
            models,
            deployment_config,
            retain_all_variant_properties=retain_all_variant_properties,
            excluded_properties=excluded_properties,
        )

    def set_weights(self, endpoint_name: str, changes: Sequence[Mapping[str, Any]]) -> None:
        self._fleets.set_weights(endpoint_name, changes)

    def delete(self, endpoint_name: str) -> None:
        self._fleets.delete(endpoint_name)

    def describe(self, endpoint_name: str) -> dict[str, Any]:
        return self._fleets.describe(endpoint_name)

    def _note(
        self,
        endpoint_name: str,
        config: Mapping[str, Any],
        models: Mapping[str, Mapping[str, Any]],
        alarms: Sequence[str],
    ) -> None:
        capture = config.get("DataCaptureConfig") or {}
        for name, served in models.items():
            model = self._model_of(name)
            role = model.get("ExecutionRoleArn")
            if role is None:
                continue
            place = f"{capture['DestinationS3Uri'].rstrip('/')}/{endpoint_name}/" if capture else None
            self._artifacts.belongs(role, model_data_url=served.get("ModelDataUrl"), captures=place)
            self._artifacts.serves(role, endpoint_name)
            self._ledger.note(role, _around_a_model(endpoint_name, config, model, str(served.get("Image", "")), alarms))


def _around_a_model(
    endpoint_name: str, config: Mapping[str, Any], model: Mapping[str, Any], image: str, alarms: Sequence[str]
) -> Iterator[Call]:
    yield from pull(image)
    yield from write_logs(f"{_METRICS}/{endpoint_name}", "variant/instance")
    yield from publish_metrics(_METRICS)
    if key := config.get("KmsKeyId"):
        yield from encrypted_volume(key)
    if vpc := model.get("VpcConfig"):
        yield from join_vpc(vpc)
    for alarm in alarms:
        yield call("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}")
