"""Reading a model artifact: data only, nothing of it can run."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.files import FILES, sha256_of_files
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.errors import StepError


@dataclass(frozen=True)
class Artifact:
    contract: Contract
    scorer: Scorer


def load_archive(archive: Path | bytes) -> Artifact:
    """Load a `model.tar.gz`; its members are read, never unpacked to disk.

    Raises:
        StepError: it is no such archive, or a file in it is wrong.
    """
    name = str(archive) if isinstance(archive, Path) else "the archive"
    try:
        content = archive.read_bytes() if isinstance(archive, Path) else archive
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as tar:
            members = {member.name.removeprefix("./"): member for member in tar.getmembers() if member.isfile()}

            def read(file: str) -> bytes:
                opened = tar.extractfile(members[file])
                return opened.read() if opened else b""

            return _load(read)
    except KeyError as exc:
        raise StepError(f"{name} must hold {exc}, which is absent") from exc
    except OSError as exc:
        raise StepError(f"{name} must be a readable model.tar.gz: {exc.strerror or exc}") from exc
    except (tarfile.TarError, EOFError) as exc:
        raise StepError(f"{name} must be a model.tar.gz: {exc}") from exc


def load_folder(folder: Path, *, registered: str = "") -> Artifact:
    """Load an unpacked artifact, as SageMaker lays it before a serving container.

    `registered` is the hash of the files that were evaluated and registered; empty, none is known.

    Raises:
        StepError: a file is absent or wrong, or the files are others than those.
    """

    def read(file: str) -> bytes:
        try:
            return (folder / file).read_bytes()
        except OSError as exc:
            raise StepError(f"{folder / file} must be a readable file: {exc.strerror}") from exc

    there = {file: read(file) for file in FILES if (folder / file).exists()} if registered else {}
    if registered and (found := sha256_of_files(there)) != registered:
        raise StepError(f"{folder} must hold the files that were registered, sha256 {registered}, got {found}")
    return _load(read)


def _load(read: Callable[[str], bytes]) -> Artifact:
    try:
        document = json.loads(read("contract.json"))
    except ValueError as exc:
        raise StepError(f"contract.json must hold JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise StepError(f"contract.json must hold an object, got {type(document).__name__}")
    contract = Contract.from_document(document)
    scorer = Scorer(read("model.onnx"))
    if scorer.columns not in (None, len(contract.columns)):
        raise StepError(f"model.onnx must take the contract's {len(contract.columns)} columns, got {scorer.columns}")
    return Artifact(contract, scorer)
