"""Step caching: an earlier successful run of the same step with the same arguments is used again."""

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

# What AWS compares, by step type ("Default cache key attributes by pipeline step type"): where the outputs go does not
# matter, nor does what lies at an input's URI.
_TUNED = (
    "AlgorithmSpecification",
    "HyperParameterRanges",
    "InputDataConfig",
    "StaticHyperParameters",
    "TuningObjective",
)
_COMPARED: dict[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
}
CACHEABLE_TYPES = tuple(_COMPARED)

_DURATION = re.compile(
    r"P?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE
)
_DAYS = (365, 30, 7, 1)
_SECONDS = (3600, 60, 1)


@dataclass(frozen=True)
class CachedStep:
    result: dict[str, Any]
    metadata: dict[str, Any]
    execution_arn: str
    ended: datetime


class StepCache:
    """What earlier executions have computed; shared by all runs of one control plane."""

    def __init__(self) -> None:
        self._steps: dict[str, CachedStep] = {}
        self._lock = threading.Lock()

    def find(self, key: str, max_age: timedelta) -> CachedStep | None:
        with self._lock:
            found = self._steps.get(key)
        return found if found and datetime.now(UTC) - found.ended <= max_age else None

    def store(self, key: str, step: CachedStep) -> None:
        with self._lock:
            self._steps[key] = step


def cache_key(pipeline_name: str, step_name: str, step_type: str, arguments: Mapping[str, Any]) -> str:
    """Two runs of a step with the same key compute the same, as far as AWS compares."""
    compared = {name: arguments[name] for name in _COMPARED[step_type] if name in arguments}
    if isinstance(definition := compared.get("TrainingJobDefinition"), Mapping):
        compared["TrainingJobDefinition"] = {name: definition[name] for name in _TUNED if name in definition}
    text = json.dumps([pipeline_name, step_name, step_type, compared], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def parse_duration(text: str) -> timedelta:
    """Read P30D, PT1H, 30d or T16m.

    Raises:
        ValueError: it is no such duration.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"ExpireAfter must be a duration such as P30D or PT1H, got {text}")
    numbers = [int(group or 0) for group in match.groups()]
    days = sum(count * unit for count, unit in zip(numbers[:4], _DAYS, strict=True))
    return timedelta(days=days, seconds=sum(count * unit for count, unit in zip(numbers[4:], _SECONDS, strict=True)))
