"""The server's own metrics, as lines of its log that CloudWatch reads."""

import time
from collections.abc import Callable, Mapping

from pipeline_steps.monitoring.embedded_metrics import metrics_line
from pipeline_steps.server.identity import NAMESPACE, WHOLE_ENDPOINT
from pipeline_steps.server.recording import Recorder


class Publisher:
    """Gives `write` a line when something was scored since the last one."""

    def __init__(
        self,
        recorder: Recorder,
        dimensions: Mapping[str, str],
        *,
        write: Callable[[str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._recorder, self._dimensions = recorder, dimensions
        self._write, self._clock = write, clock

    def publish(self) -> None:
        """Write what was scored since the last call."""
        if metrics := self._recorder.take_metrics():
            now = round(self._clock() * 1000)
            self._write(metrics_line(NAMESPACE, self._dimensions, metrics, timestamp_ms=now, also_by=WHOLE_ENDPOINT))
