"""The search as the control plane's port."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.jobs.tuning import TuningError, TuningOutcome, read_plan, run_tuning

ClientFactory = Callable[[str], Any]


class LocalTuner:
    """Searches with training jobs of this very control plane."""

    def __init__(self, client: ClientFactory) -> None:
        self._client = client

    def check(self, request: Mapping[str, Any]) -> None:
        try:
            read_plan(request)
        except TuningError as exc:
            raise ValueError(str(exc)) from exc

    def __call__(
        self,
        request: Mapping[str, Any],
        *,
        name: str,
        on_progress: Callable[[Any], None],
        stopped: threading.Event,
        earlier: Sequence[tuple[Mapping[str, str], float]],
        reported: Callable[[str], Sequence[float]],
    ) -> TuningOutcome:
        seed = request["HyperParameterTuningJobConfig"].get("RandomSeed", 0)
        return run_tuning(
            request,
            name=name,
            sagemaker=self._client("sagemaker"),
            seed=seed,
            on_progress=on_progress,
            stopped=stopped,
            earlier=earlier,
            reported=reported,
        )
