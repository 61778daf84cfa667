"""Where SageMaker puts a container's inputs and takes its outputs from."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline_steps.log import log


@dataclass(frozen=True)
class Paths:
    """The `/opt/ml` tree below `root`."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Paths":
        """`SM_BASE_DIR` moves the tree for a machine that cannot mount `/opt/ml`."""
        return cls(Path(os.environ.get("SM_BASE_DIR", "/opt/ml")))

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def checkpoints(self) -> Path:
        """There when the job has a CheckpointConfig; its files come back after an interruption."""
        return self.root / "checkpoints"

    @property
    def hyperparameters(self) -> Path:
        return self.root / "input" / "config" / "hyperparameters.json"

    @property
    def failure(self) -> Path:
        return self.root / "output" / "failure"

    def write_message(self, text: str) -> None:
        """Write a processing job's ExitMessage, and its last line of log."""
        file = self.root / "output" / "message"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        log(text)

    @property
    def metrics(self) -> Path:
        """Metrics that SageMaker publishes for a monitoring job, a JSON line each."""
        return self.root / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"

    def channel(self, name: str) -> Path:
        """The folder of a training job's input channel."""
        return self.root / "input" / "data" / name

    def processing_input(self, name: str) -> Path:
        return self.root / "processing" / "input" / name

    def processing_output(self, name: str) -> Path:
        """The folder of a processing job's output; created if absent."""
        folder = self.root / "processing" / "output" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
