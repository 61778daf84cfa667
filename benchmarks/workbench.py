"""The container's verbs, run as processes on this machine without a pipeline."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.settings import Settings
from slipway.training import use_case_document

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class TrainedArchive:
    """A model's archive, and its `metrics.json`."""

    archive: bytes
    metrics: dict[str, Any]


class Workbench:
    """A folder laid out like a container's /opt/ml."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.ml = folder
        self._environment = {**os.environ, **(environment or {}), "SM_BASE_DIR": str(folder)}

    def run(self, *arguments: str) -> None:
        """Run one verb, such as `train`, to its end."""
        argv = [sys.executable, "-m", "pipeline_steps", *arguments]
        subprocess.run(argv, cwd=PROJECT, env=self._environment, stdout=subprocess.DEVNULL, check=True)

    def prepare(self, table: Path, settings: Settings) -> Path:
        """Split the table, and lay out what trains; the folder of all outputs."""
        source, outputs = self.ml / "processing/input/data", self.ml / "processing/output"
        source.mkdir(parents=True)
        shutil.copy(table, source / "table.csv")
        use_case = self.ml / "processing/input/use_case"
        use_case.mkdir()
        (use_case / "use_case.json").write_text(json.dumps(use_case_document(settings)))
        self.run("prepare")
        for split in ("train", "validation"):
            shutil.copytree(outputs / split, self.ml / "input/data" / split)
        return outputs

    def train(self, **hyperparameters: str) -> bytes:
        """A model's archive."""
        return self.trial(**hyperparameters).archive

    def trial(self, **hyperparameters: str) -> TrainedArchive:
        """A model and its metrics."""
        config, model = self.ml / "input/config", self.ml / "model"
        config.mkdir(parents=True, exist_ok=True)
        (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
        self.run("train")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for file in sorted(model.iterdir()):
                tar.add(file, f"./{file.name}")
        metrics = json.loads((model / "metrics.json").read_text())
        shutil.rmtree(model)
        return TrainedArchive(archive.getvalue(), metrics)
