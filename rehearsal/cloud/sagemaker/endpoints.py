"""Endpoints: their API; the fleets behind them do the serving."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error
from rehearsal.cloud.sagemaker.arns import arn
from rehearsal.cloud.sagemaker.endpoint_configs import EndpointConfigs, all_variants
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.platform import Platform, Record, epoch_ms
from rehearsal.cloud.sagemaker.ports import EndpointFleets
from slipway.endpoint_kinds import kind_of_config
from slipway.errors import InputError

_LISTING = Listing("Endpoints", name="EndpointName", status="EndpointStatus")
_UPDATABLE = ("InService", "Failed", "UpdateRollbackFailed")
_STATES = {
    "InService": "IN_SERVICE",
    "OutOfService": "OUT_OF_SERVICE",
    "RollingBack": "ROLLING_BACK",
    "UpdateRollbackFailed": "UPDATE_ROLLBACK_FAILED",
}
_OWN_FIELDS = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime")


class Endpoints:
    def __init__(
        self,
        platform: Platform,
        configs: EndpointConfigs,
        fleets: EndpointFleets,
        *,
        is_scaled: Callable[[str, str], bool],
        takes_same_config: bool,
    ) -> None:
        """`is_scaled`: whether a variant of an endpoint is registered with Application Auto Scaling."""
        self._platform, self._configs, self._fleets = platform, configs, fleets
        self._is_scaled, self._takes_same_config = is_scaled, takes_same_config
        self._endpoints: dict[str, Record] = {}

    def actions(self) -> Mapping[str, Action]:
        return {
            "CreateEndpoint": self.create,
            "UpdateEndpoint": self.update,
            "UpdateEndpointWeightsAndCapacities": self.update_weights,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.list,
            "DeleteEndpoint": self.delete,
        }

    def create(self, request: Record) -> Record:
        name = request["EndpointName"]
        endpoint_arn = arn("endpoint", name.lower())
        if name.lower() in self._endpoints:
            raise validation_error(f'Cannot create already existing endpoint "{endpoint_arn}".')
        config = self._configs.get(request["EndpointConfigName"])
        models = self._configs.models(config)
        self._require_machines(config)
        now = self._platform.now()
        self._endpoints[name.lower()] = {
            "EndpointName": name,
            "EndpointArn": endpoint_arn,
            "CreationTime": now,
            "LastModifiedTime": now,
            "_config": config,
            "_types": _types(config),
        }
        self._platform.tag(endpoint_arn, request.get("Tags"))
        self._fleets.create(name, config, models)
        return {"EndpointArn": endpoint_arn}

    def update(self, request: Record) -> Record:
        endpoint = self._updatable(request["EndpointName"])
        config = self._configs.get(request["EndpointConfigName"])
        deployment = request.get("DeploymentConfig")
        if deployment is None and request.get("RetainDeploymentConfig"):
            deployment = endpoint.get("_deployment")
        self._refuse_same_config(endpoint, config)
        self._same_variants(endpoint["_config"], config, deployment)
        _refuse_other_kind(endpoint["_config"], config)
        self._refuse_scaled(endpoint, config)
        self._require_machines(config)
        try:
            self._fleets.update(
                endpoint["EndpointName"],
                config,
                self._configs.models(config),
                deployment,
                retain_all_variant_properties=request.get("RetainAllVariantProperties", False),
                excluded_properties=frozenset(
                    each["VariantPropertyType"] for each in request.get("ExcludeRetainedVariantProperties", ())
                ),
            )
        except InputError as exc:
            raise validation_error(str(exc)) from exc
        endpoint |= {"LastModifiedTime": self._platform.now(), "_config": config, "_deployment": deployment}
        endpoint["_types"] |= _types(config)
        return {"EndpointArn": endpoint["EndpointArn"]}

    def _require_machines(self, config: Record) -> None:
        """A second fleet stands beside every fleet there is, this endpoint's own included."""
        used = self._used_machines()
        wanted: Counter[str] = Counter()
        for variant in all_variants(config):
            if "InstanceType" in variant:
                wanted[variant["InstanceType"]] += variant["InitialInstanceCount"]
        for kind, count in wanted.items():
            self._platform.require(f"{kind} for endpoint usage", used=used[kind], more=count)

    def _used_machines(self) -> "Counter[str]":
        """By their type, of every fleet there is."""
        used: Counter[str] = Counter()
        for endpoint in self._endpoints.values():
            described = self._described(endpoint)
            for fleet in (described, described.get("PendingDeploymentSummary", {})):
                for variant in all_variants(fleet):
                    kind = endpoint["_types"].get((fleet["EndpointConfigName"], variant["VariantName"]))
                    used[kind] += variant.get("CurrentInstanceCount", 0)
        return used

    def _refuse_same_config(self, endpoint: Record, config: Record) -> None:
        """AWS's reference says that an update needs a new one; it does not state whether the service insists."""
        live = self._described(endpoint)
        same = live["EndpointConfigName"] == config["EndpointConfigName"] and live["EndpointStatus"] == "InService"
        if same and not self._takes_same_config:
            raise validation_error(
                f'Cannot update endpoint "{endpoint["EndpointArn"]}": it already uses the endpoint configuration '
                f'"{config["EndpointConfigArn"]}".'
            )

    def _refuse_scaled(self, endpoint: Record, config: Record) -> None:
        """See https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html"""
        live = self._configs.get(self._described(endpoint)["EndpointConfigName"])
        types = {variant["VariantName"]: variant.get("InstanceType") for variant in config["ProductionVariants"]}
        changed = [
            name
            for variant in live["ProductionVariants"]
            if types.get(name := variant["VariantName"]) != variant.get("InstanceType")
            and self._is_scaled(endpoint["EndpointName"], name)
        ]
        if changed:
            raise validation_error(
                f"Variant(s) {', '.join(changed)} must be deregistered with Application AutoScaling before they can be "
                "removed or have their instance type changed."
            )

    def _updatable(self, name: str) -> Record:
        endpoint = self._get(name)
        status = self._described(endpoint)["EndpointStatus"]
        if status not in _UPDATABLE:
            raise validation_error(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}" (it is {status}).')
        return endpoint

    def update_weights(self, request: Record) -> Record:
        endpoint = self._updatable(request["EndpointName"])
        known = {variant["VariantName"] for variant in self._described(endpoint)["ProductionVariants"]}
        changes = request["DesiredWeightsAndCapacities"]
        if unknown := sorted({change["VariantName"] for change in changes} - known):
            raise validation_error(f"variants must be among {', '.join(sorted(known))}, got {', '.join(unknown)}")
        if not kind_of_config(endpoint["_config"]).waits and any(c.get("DesiredInstanceCount") == 0 for c in changes):
            raise validation_error(
                "DesiredInstanceCount must be at least 1 for an endpoint that is not asynchronous, got 0"
            )
        self._require_more(endpoint, changes)
        self._fleets.set_weights(endpoint["EndpointName"], changes)
        endpoint["LastModifiedTime"] = self._platform.now()
        return {"EndpointArn": endpoint["EndpointArn"]}

    def _require_more(self, endpoint: Record, changes: list[Record]) -> None:
        """Instances that are added count against the quota of their type."""
        described, used = self._described(endpoint), self._used_machines()
        now = {each["VariantName"]: each.get("CurrentInstanceCount", 0) for each in described["ProductionVariants"]}
        for change in changes:
            name = change["VariantName"]
            if (more := change.get("DesiredInstanceCount", 0) - now[name]) > 0:
                kind = endpoint["_types"].get((described["EndpointConfigName"], name), "")
                self._platform.require(f"{kind} for endpoint usage", used=used[kind], more=more)

    @staticmethod
    def _same_variants(old: Record, new: Record, deployment: Mapping[str, Any] | None) -> None:
        before, after = ({v["VariantName"] for v in c["ProductionVariants"]} for c in (old, new))
        if deployment is not None and before != after:
            raise validation_error(
                "Deployment guardrails need the same variant names in both endpoint configurations, got "
                f"{', '.join(sorted(before))} and {', '.join(sorted(after))}"
            )

    def describe(self, request: Record) -> Record:
        return self._described(self._get(request["EndpointName"]))

    def _described(self, endpoint: Record) -> Record:
        own = {key: endpoint[key] for key in _OWN_FIELDS if key in endpoint}
        described = {"EndpointConfigName": endpoint["_config"]["EndpointConfigName"]}
        if queue := endpoint["_config"].get("AsyncInferenceConfig"):
            described["AsyncInferenceConfig"] = queue
        if "_deleting" in endpoint:
            # Its fleet may be gone already.
            return {**described, **own, "EndpointStatus": "Deleting"}
        return {**described, **self._fleets.describe(endpoint["EndpointName"]), **own}

    def list(self, request: Record) -> Record:
        return _LISTING.answer([self._described(endpoint) for endpoint in self._endpoints.values()], request)

    def delete(self, request: Record) -> None:
        endpoint = self._get(request["EndpointName"])
        if "_deleting" in endpoint:
            raise validation_error(f'Cannot delete endpoint "{endpoint["EndpointArn"]}": it is being deleted.')
        endpoint["_deleting"] = True
        name = endpoint["EndpointName"]
        self._platform.workers.start(f"delete-{name}", lambda stopped: self._delete(name, stopped))

    def _delete(self, name: str, _stopped: threading.Event) -> None:
        self._fleets.delete(name)
        with self._platform.lock:
            endpoint = self._endpoints.pop(name.lower())
            self._platform.untag(endpoint["EndpointArn"])

    def on_event(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        """A fleet has changed state: make the event what AWS documents, and put it on the bus."""
        name = detail["EndpointName"]
        with self._platform.lock:
            endpoint = self._endpoints.get(name.lower())
            if endpoint is None:
                return
            endpoint["LastModifiedTime"] = self._platform.now()
            own = {key: endpoint[key] for key in _OWN_FIELDS if key in endpoint}
            tags = self._platform.tags_of(endpoint["EndpointArn"])
        status = str(detail.get("EndpointStatus", ""))
        whole = {**detail, **own, "EndpointStatus": _STATES.get(status, status.upper()), "Tags": tags}
        self._platform.emit(detail_type, epoch_ms(whole), [own["EndpointArn"]])

    def _get(self, name: str) -> Record:
        if name.lower() not in self._endpoints:
            raise validation_error(f'Could not find endpoint "{arn("endpoint", name.lower())}".')
        return self._endpoints[name.lower()]


def _refuse_other_kind(old: Record, new: Record) -> None:
    """Whether SageMaker would is not documented."""
    before, after = kind_of_config(old), kind_of_config(new)
    if before.waits != after.waits:
        raise validation_error(f"the endpoint is {before.name}: it must not be updated to an {after.name} config")


def _types(config: Record) -> dict[tuple[str, str], str]:
    """Which instances a variant of the config is of."""
    return {
        (config["EndpointConfigName"], variant["VariantName"]): variant.get("InstanceType", "")
        for variant in all_variants(config)
    }
