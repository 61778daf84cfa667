"""A model artifact as the gates see it: its files, and what they say when read."""

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.files import FILES, sha256_of_files
from pipeline_steps.errors import StepError


class IncompleteError(StepError):
    """The archive is not a whole artifact, or one of its files is wrong."""


@dataclass(frozen=True)
class Model:
    """`documents` are the JSON files as they are written; the graph has not been loaded."""

    files: Mapping[str, bytes]
    documents: Mapping[str, Mapping[str, Any]]
    contract: Contract

    @property
    def sha256(self) -> str:
        return sha256_of_files(self.files)

    def unpack(self, folder: Path) -> None:
        """Write the files as SageMaker lays them before a serving container."""
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def read_model(archive: Path) -> Model:
    """Read a `model.tar.gz`.

    Raises:
        StepError: there is no such file.
        IncompleteError: it is not a whole artifact.
    """
    try:
        content = archive.read_bytes()
    except OSError as exc:
        raise StepError(f"{archive} must be a readable file: {exc.strerror}") from exc
    files = _files(content)
    if absent := [name for name in FILES if name not in files]:
        raise IncompleteError(f"the artifact must hold {', '.join(FILES)}, it lacks {', '.join(absent)}")
    documents = {name: _object(name, files[name]) for name in FILES if name.endswith(".json")}
    try:
        return Model(files, documents, Contract.from_document(documents["contract.json"]))
    except StepError as exc:
        raise IncompleteError(str(exc)) from exc


def _files(content: bytes) -> dict[str, bytes]:
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if name in FILES and member.isfile() and (opened := tar.extractfile(member)):
                    found[name] = opened.read()
    except (tarfile.TarError, EOFError, OSError) as exc:
        raise IncompleteError(f"the artifact must be a model.tar.gz: {exc}") from exc
    return found


def _object(name: str, content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as exc:
        raise IncompleteError(f"{name} must hold JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise IncompleteError(f"{name} must hold an object, got {type(document).__name__}")
    return document
