"""The server's own metrics, as lines of its log from which CloudWatch extracts them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline_steps.embedded_metrics import ENDPOINT_NAMESPACE, MetricDatum, metrics_line


@dataclass(frozen=True)
class MetricSource:
    """Where metrics come from; `also_by` are dimensions under which they are published too, beyond one model's life."""

    take_metrics: Callable[[], list[MetricDatum]]
    also_by: Sequence[str] = ()


class MetricLog:
    """Passes `write` a line for each source that has metrics since the last one."""

    def __init__(
        self,
        sources: Sequence[MetricSource],
        dimensions: Mapping[str, str],
        *,
        write: Callable[[str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sources, self._dimensions = sources, dimensions
        self._write, self._clock = write, clock

    def publish(self) -> None:
        """Write the metrics since the last call."""
        now = round(self._clock() * 1000)
        for source in self._sources:
            if metrics := source.take_metrics():
                line = metrics_line(
                    ENDPOINT_NAMESPACE,
                    self._dimensions,
                    metrics,
                    timestamp_ms=now,
                    also_by=source.also_by,
                    by_the_second=True,  # canary analysis compares neighbouring windows of ten seconds
                )
                self._write(line)
