"""Reading a model artifact, from its archive or its folder: data only, nothing of it can run."""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.files import FILES, sha256_of_files
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.documents import json_object
from pipeline_steps.errors import StepError
from pipeline_steps.rounding import counted

FOLLOWED_BY_ITS_LIKE = (
    "One that only its own server reads is followed by its like: keep training.image and endpoint.image, or give the "
    "use case another name, whose endpoint callers move to"
)


class ArtifactError(StepError):
    """The files are no whole artifact, or one of them is wrong."""


@dataclass(frozen=True)
class Artifact:
    """The files of a model by name. The graph is loaded when `scorer` is first used."""

    files: Mapping[str, bytes]

    def document(self, name: str) -> dict[str, Any]:
        """Parse one of the JSON files.

        Raises:
            StepError: it holds something else.
        """
        return json_object(name, self.files[name])

    @cached_property
    def contract(self) -> Contract:
        return Contract.from_document(self.document("contract.json"))

    @cached_property
    def scorer(self) -> Scorer:
        """The loaded graph.

        Raises:
            StepError: it does not load, or does not take the contract's columns.
        """
        contract = self.contract
        scorer, width = Scorer(self.files["model.onnx"], contract.problem.output), contract.width
        if scorer.columns not in (None, width):
            buckets = f" and {counted(width - len(contract.columns), 'bucket')} of texts" if contract.texts else ""
            columns = counted(len(contract.columns), "column")
            raise StepError(f"model.onnx must take the contract's {columns}{buckets}, got {scorer.columns}")
        return scorer

    @property
    def sha256(self) -> str:
        return sha256_of_files(self.files)

    def write(self, folder: Path) -> None:
        """Write the files as SageMaker lays them before a serving container."""
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def read_archive(archive: Path | bytes) -> Artifact:
    """Read a `model.tar.gz`; its members are never unpacked to disk.

    Raises:
        StepError: there is no such file.
        ArtifactError: it is not a whole artifact.
    """
    artifact = Artifact(_members(archive if isinstance(archive, bytes) else _content(archive)))
    if absent := [name for name in FILES if name not in artifact.files]:
        raise ArtifactError(f"the artifact must hold {', '.join(FILES)}, it lacks {', '.join(absent)}")
    try:
        for name in FILES:
            if name.endswith(".json"):
                artifact.document(name)
        artifact.contract  # noqa: B018 (read here, where what is wrong with it can be reported)
    except StepError as exc:
        raise ArtifactError(str(exc)) from exc
    return artifact


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise StepError(f"{file} must be a readable file: {exc.strerror}") from exc


def _members(content: bytes) -> dict[str, bytes]:
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if name in FILES and member.isfile() and (opened := tar.extractfile(member)):
                    found[name] = opened.read()
    except (tarfile.TarError, EOFError, OSError) as exc:
        raise ArtifactError(f"the artifact must be a model.tar.gz: {exc}") from exc
    return found


def read_folder(folder: Path, *, registered: str = "") -> Artifact:
    """Read an unpacked artifact, as SageMaker lays it before a serving container.

    A model can be served without its baseline and its metrics. `registered` is the hash of the files that were
    evaluated and registered; empty, none is known.

    Raises:
        StepError: graph or contract is absent, a file cannot be read, or the files are others than those.
    """
    needed = {"model.onnx", "contract.json"}
    found = [folder / name for name in FILES if name in needed or (folder / name).exists()]
    artifact = Artifact({path.name: _content(path) for path in found})
    if registered and artifact.sha256 != registered:
        raise StepError(
            f"{folder} must hold the files that were registered, sha256 {registered}, got {artifact.sha256}"
        )
    return artifact
