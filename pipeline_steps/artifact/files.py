"""The files of a model artifact, and the hash by which they are known again."""

import hashlib
from collections.abc import Mapping

FILES = ("model.onnx", "contract.json", "baseline.json", "metrics.json")

REGISTERED = "SLIPWAY_MODEL_SHA256"
"""The environment's name for the hash that the model's package notes; empty or absent where it notes none."""


def sha256_of_files(files: Mapping[str, bytes]) -> str:
    """Of the files whatever archive holds them, as `sha256sum NAMES | sha256sum` tells it, names in order."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
