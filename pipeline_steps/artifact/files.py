"""The files of a model artifact, and the hash that identifies them."""

import hashlib
from collections.abc import Mapping

FILES = ("model.onnx", "contract.json", "baseline.json", "metrics.json")

REGISTERED = "SLIPWAY_MODEL_SHA256"
"""The environment variable with the hash in the model package; empty or absent where the package has none."""


def sha256_of_files(files: Mapping[str, bytes]) -> str:
    """Hash the files, whatever archive they are in: as `sha256sum NAMES | sha256sum` does, names in order."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
