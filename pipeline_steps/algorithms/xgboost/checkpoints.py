"""Checkpoints of a training job, kept where they survive an interrupted spot instance."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TrainingCheckpoint:
    """One training's file in the folder that SageMaker keeps in S3 while a spot job runs.

    Its name is a digest of all that the training depends on: trials of a search may share the folder, and no
    training resumes what another table or other hyperparameters began.
    """

    file: Path

    @classmethod
    def of(cls, folder: Path, parameters: Mapping[str, Any], *arrays: NDArray[np.floating]) -> "TrainingCheckpoint":
        """`parameters` are plain JSON."""
        digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
        for array in arrays:
            digest.update(f"{array.shape} {array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return cls(folder / f"{digest.hexdigest()[:32]}.ubj")

    def read(self) -> bytes | None:
        """The last saved content; None before the first."""
        try:
            return self.file.read_bytes()
        except FileNotFoundError:
            return None

    def save(self, content: bytes) -> None:
        """Replace it atomically: a reader, also after a crash, gets the old content or the new one."""
        unfinished = self.file.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.file)
