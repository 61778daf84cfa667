"""The variants of an endpoint config: the live model's, those of challengers beside it, and a shadow's."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from infra.endpoint.capacity import Capacity, Instances
from infra.endpoint.served_model import Challengers, ShadowModel
from slipway.metrics import SHADOW_VARIANT
from slipway.settings.names import VARIANT


def production_variants(
    model: sagemaker.CfnModel,
    capacity: Capacity,
    challengers: Challengers | None,
    challenger_models: Sequence[sagemaker.CfnModel],
) -> list[sagemaker.CfnEndpointConfig.ProductionVariantProperty] | cdk.IResolvable:
    """The live model's variant, and while there is an experiment those of its challengers."""
    if challengers is None or not isinstance(capacity, Instances):
        return [
            sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                variant_name=VARIANT,
                model_name=model.attr_model_name,
                initial_variant_weight=1,
                **capacity.of_variant(),
            )
        ]
    primary = _variant(VARIANT, model, capacity.type, capacity.count, weight=1)
    first, *others = (
        _variant(name, each, capacity.type, challengers.instance_count, weight=0)
        for name, each in zip(challengers.models, challenger_models, strict=True)
    )
    # Where there is a challenger at all, there is the first one.
    beside = [
        first,
        *(
            cdk.Fn.condition_if(condition.logical_id, variant, cdk.Aws.NO_VALUE)
            for variant, condition in zip(others, challengers.conditions[1:], strict=True)
        ),
    ]
    return cdk.Fn.condition_if(challengers.alone.logical_id, [primary], [primary, *beside])


def shadow_variants(
    shadow: ShadowModel | None, model: sagemaker.CfnModel | None, capacity: Capacity
) -> cdk.IResolvable | None:
    """Its weight beside the only production variant's 1 is its share of the requests."""
    if shadow is None or model is None or not isinstance(capacity, Instances):
        return None
    variant = _variant(SHADOW_VARIANT, model, capacity.type, shadow.instance_count, weight=shadow.percent / 100)
    return cdk.Fn.condition_if(shadow.condition.logical_id, [variant], cdk.Aws.NO_VALUE)


def _variant(name: str, model: sagemaker.CfnModel, type_: str, count: int, *, weight: float) -> dict[str, Any]:
    """In CloudFormation's words, as a branch of a condition has to be."""
    return {
        "VariantName": name,
        "ModelName": model.attr_model_name,
        "InitialVariantWeight": weight,
        "InitialInstanceCount": count,
        "InstanceType": type_,
    }
