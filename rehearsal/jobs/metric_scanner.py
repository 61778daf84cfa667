"""Metrics as SageMaker finds them: by regular expression, in the lines a job prints."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.jobs.job_outcomes import JobError


class MetricScanner:
    """Reads log lines and keeps the values of each MetricDefinition."""

    def __init__(self, definitions: Iterable[Mapping[str, str]]) -> None:
        self._patterns = [(each["Name"], _compiled(each["Name"], each["Regex"])) for each in definitions]
        self._found: dict[str, list[tuple[float, datetime]]] = {}

    def read(self, line: str) -> None:
        for name, pattern in self._patterns:
            for match in pattern.finditer(line):
                if (value := _number(match.group(1))) is not None:
                    self._found.setdefault(name, []).append((value, datetime.now(UTC)))

    def values(self, name: str) -> list[float]:
        """Every value of one metric, in the order of the lines."""
        return [value for value, _ in self._found.get(name, ())]

    def final(self) -> list[dict[str, Any]]:
        """FinalMetricDataList, in the order of the definitions."""
        found = [(name, self._found[name][-1]) for name, _ in self._patterns if name in self._found]
        return [{"MetricName": name, "Value": value, "Timestamp": when} for name, (value, when) in found]


def _compiled(name: str, regex: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(regex)
    except re.error as exc:
        raise JobError(f"ClientError: regex of metric {name} must compile, got {regex}: {exc}") from exc
    if pattern.groups < 1:
        raise JobError(f"ClientError: regex of metric {name} must have a group around the number, got {regex}")
    return pattern


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
