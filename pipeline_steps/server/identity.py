"""Which endpoint, variant and model package a server belongs to, from its environment."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pipeline_steps.errors import ArgumentError

WHOLE_ENDPOINT = ("EndpointName", "VariantName")
"""Dimensions of metrics that are watched for longer than one model lives."""
_DIMENSIONS = {
    "EndpointName": "SLIPWAY_ENDPOINT_NAME",
    "VariantName": "SLIPWAY_VARIANT_NAME",
    "ModelPackageArn": "SLIPWAY_MODEL_PACKAGE_ARN",
}
_SECONDS = "SLIPWAY_METRIC_SECONDS"
_EXCLUDED_FROM_DRIFT = "SLIPWAY_EXCLUDED_FROM_DRIFT"
_PLAIN = re.compile(r"[\x21-\x7e]{1,1000}")
"""Valid both as a metric's dimension and in a response header."""


@dataclass(frozen=True)
class Identity:
    """`dimensions` is empty where the environment does not give all of them: then no metrics are published.

    `excluded_from_drift` columns are left out of the input drift: a month or a promotion's code is always new.
    """

    dimensions: Mapping[str, str]
    model_package: str
    metric_seconds: float
    excluded_from_drift: frozenset[str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the `SLIPWAY_*` variables.

        Raises:
            ArgumentError: one is set to something that cannot be used.
        """
        found = {name: environment.get(variable, "") for name, variable in _DIMENSIONS.items()}
        for name, value in found.items():
            if value and not _PLAIN.fullmatch(value):
                raise ArgumentError(f"{_DIMENSIONS[name]} must be printable ASCII without spaces, got {value!r}")
        return cls(
            dimensions=found if all(found.values()) else {},
            model_package=found["ModelPackageArn"],
            metric_seconds=_seconds(environment.get(_SECONDS) or "10"),
            excluded_from_drift=frozenset(filter(None, environment.get(_EXCLUDED_FROM_DRIFT, "").split(","))),
        )

    @property
    def header(self) -> str:
        """The line of a response that names the model package, ended by a line break; empty where there is none."""
        package = self.model_package
        return f"X-Amzn-SageMaker-Custom-Attributes: model_package={package}\r\n" if package else ""


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.05 <= value <= 3600:
        raise ArgumentError(f"{_SECONDS} must be in 0.05..3600, got {text!r}")
    return value
