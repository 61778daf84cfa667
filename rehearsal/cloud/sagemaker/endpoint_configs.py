"""Endpoint configs: which models an endpoint serves, and on what."""

from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error
from rehearsal.cloud.sagemaker.arns import arn
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.models import Models
from rehearsal.cloud.sagemaker.platform import Platform, Record
from rehearsal.cloud.sagemaker.volumes import refuse_volume_key
from slipway.endpoint_kinds import kind_of_config

_MEMORY_STEP = 1024
_LISTING = Listing("EndpointConfigs", name="EndpointConfigName")


class EndpointConfigs:
    def __init__(self, platform: Platform, models: Models) -> None:
        self._platform, self._models = platform, models
        self._configs: dict[str, Record] = {}

    def actions(self) -> Mapping[str, Action]:
        return {
            "CreateEndpointConfig": self.create,
            "DescribeEndpointConfig": self.describe,
            "ListEndpointConfigs": self.list,
            "DeleteEndpointConfig": self.delete,
        }

    def create(self, request: Record) -> Record:
        name = request["EndpointConfigName"]
        config_arn = arn("endpoint-config", name.lower())
        if name.lower() in self._configs:
            raise validation_error(f'Cannot create already existing endpoint configuration "{config_arn}".')
        variants, shadows = request["ProductionVariants"], request.get("ShadowProductionVariants", [])
        names = [variant["VariantName"] for variant in (*variants, *shadows)]
        if len(set(names)) != len(names):
            raise validation_error(f"variant names must be unique, got {', '.join(names)}")
        _check_shadows(request, variants, shadows)
        _check_queue(request, variants)
        if any("ServerlessConfig" in variant for variant in variants):
            _check_serverless(request, variants, self._models.get(variants[0]["ModelName"]))
        for variant in (*variants, *shadows):
            model = self._models.get(variant["ModelName"])
            if "ServerlessConfig" in variant and "Containers" in model:
                raise validation_error(
                    f"Serverless Inference does not support inference pipelines: model {variant['ModelName']} must "
                    "have a PrimaryContainer, got Containers"
                )
            if "ServerlessConfig" not in variant and "InstanceType" not in variant:
                raise validation_error(f"variant {variant['VariantName']} must have InstanceType or ServerlessConfig")
            refuse_volume_key({**variant, "KmsKeyId": request.get("KmsKeyId")}, key="KmsKeyId")
        self._configs[name.lower()] = {
            **request,
            "ProductionVariants": _weighted(variants),
            **({"ShadowProductionVariants": _weighted(shadows)} if shadows else {}),
            "EndpointConfigArn": config_arn,
            "CreationTime": self._platform.now(),
        }
        self._platform.tag(config_arn, request.get("Tags"))
        return {"EndpointConfigArn": config_arn}

    def describe(self, request: Record) -> Record:
        return self.get(request["EndpointConfigName"])

    def list(self, request: Record) -> Record:
        return _LISTING.answer(self._configs.values(), request)

    def delete(self, request: Record) -> None:
        config = self.get(request["EndpointConfigName"])
        del self._configs[config["EndpointConfigName"].lower()]
        self._platform.untag(config["EndpointConfigArn"])

    def get(self, name: str) -> Record:
        if name.lower() not in self._configs:
            raise validation_error(f'Could not find endpoint configuration "{arn("endpoint-config", name.lower())}".')
        return self._configs[name.lower()]

    def models(self, config: Record) -> dict[str, Record]:
        """Model name → what it serves, for every variant."""
        names = {variant["ModelName"] for variant in all_variants(config)}
        return {name: self._models.served(name) for name in names}


def all_variants(fleet: Mapping[str, Any]) -> list[Record]:
    """Production and shadow variants of an endpoint config, or of a fleet as DescribeEndpoint shows it."""
    return [*fleet.get("ProductionVariants", ()), *fleet.get("ShadowProductionVariants", ())]


def _weighted(variants: list[Record]) -> list[Record]:
    return [{"InitialVariantWeight": 1.0, **variant} for variant in variants]


def _check_queue(request: Record, variants: list[Record]) -> None:
    """An asynchronous endpoint has instances, and an output path; data capture is documented for real-time ones."""
    queue = request.get("AsyncInferenceConfig")
    if queue is None:
        return
    if not queue["OutputConfig"].get("S3OutputPath"):
        raise validation_error("AsyncInferenceConfig.OutputConfig.S3OutputPath must be given")
    if any("ServerlessConfig" in variant for variant in variants):
        raise validation_error("AsyncInferenceConfig must be left out of a serverless endpoint")
    if (request.get("DataCaptureConfig") or {}).get("EnableCapture"):
        raise validation_error("DataCaptureConfig must be left out of an asynchronous endpoint")


def _check_serverless(request: Record, variants: list[Record], model: Record) -> None:
    """See https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html"""
    if len(variants) != 1:
        raise validation_error(f"a serverless endpoint must have one production variant, got {len(variants)}")
    (variant,) = variants
    own = variant["ServerlessConfig"]
    memory, most, kept = own["MemorySizeInMB"], own["MaxConcurrency"], own.get("ProvisionedConcurrency", 0)
    if memory % _MEMORY_STEP:
        raise validation_error(f"MemorySizeInMB must be 1024, 2048, 3072, 4096, 5120 or 6144, got {memory}")
    if kept > most:
        raise validation_error(f"ProvisionedConcurrency must be at most MaxConcurrency, got {kept} and {most}")
    if "InstanceType" in variant or "InitialInstanceCount" in variant:
        raise validation_error("InstanceType and InitialInstanceCount must be left out beside ServerlessConfig")
    if (request.get("DataCaptureConfig") or {}).get("EnableCapture"):
        raise validation_error("DataCaptureConfig must be left out of a serverless endpoint")
    if model.get("VpcConfig") or model.get("EnableNetworkIsolation"):
        raise validation_error(
            f"model {variant['ModelName']} must have neither VpcConfig nor EnableNetworkIsolation to be serverless"
        )


def _check_shadows(request: Record, variants: list[Record], shadows: list[Record]) -> None:
    """One beside one, on real-time instances; see https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests.html"""
    if not shadows:
        return
    if len(variants) != 1 or len(shadows) != 1:
        raise validation_error(
            "ProductionVariants and ShadowProductionVariants must each have one variant where a shadow is given, got "
            f"{len(variants)} and {len(shadows)}"
        )
    kind = kind_of_config(request)
    if not kind.takes_shadow:
        raise validation_error(f"ShadowProductionVariants must be left out of a {kind.name} endpoint")
