"""The program of an image URI on the laptop."""

import itertools
import shutil
import threading
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from rehearsal.cloud.ministack.image_builds import BuildResult
from rehearsal.cloud.own_images import faulty_own_program, own_programs
from rehearsal.containers.container import Program
from rehearsal.containers.docker.readiness import REPOSITORY
from slipway.errors import InputError
from slipway.settings.own_container import untagged
from slipway.training.image import image_tag, require_root

FAULTS = ("errors", "slow")
_FAULT_TAG = "fault-"
_PACKAGE = "pipeline_steps"
_PRELOAD = "preload.toml"
"""The file by which an image declares what its jobs import, by verb, in the order of a pipeline; without it they start
cold."""

_ENVIRONMENT: Mapping[str, str] = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}
"""The part of the image's ENV that decides numbers, or what leaves the machine."""


class ImageTable:
    """The images that exist: that of the steps folder, by its content hash, and the fault-injected ones made from it.

    A build keeps a copy of the folder, so that an edit during a run changes no running image. `on_built` is called
    once for each copy, so that what its jobs import can be imported ahead of them.
    """

    def __init__(
        self,
        steps_folder: Path,
        workdir: Path,
        *,
        on_built: Callable[[Program], None],
        own: Mapping[str, str] = MappingProxyType({}),
        in_docker: bool = False,
    ) -> None:
        self._source, self._images, self._on_built = steps_folder, workdir / "images", on_built
        self._own, self._own_programs = own, own_programs(own, self._images / "own", in_docker=in_docker) if own else {}
        self._kept: set[str] = set()
        self._built: list[str] = []
        self._lock = threading.Lock()

    def stage(self) -> None:
        """Keep a copy now, ahead of the build that is to come."""
        with self._lock:
            self._keep()

    def build(self, tag: str) -> BuildResult:
        """Accept `tag` if it is the hash of the steps folder as it is now and its jobs could write, and keep a copy."""
        with self._lock:
            kept = tag in self._kept and tag == image_tag(self._source)
            if not kept and tag != (found := self._keep()):
                message = f"IMAGE_TAG must be the content hash of {_PACKAGE}: {found}, got {tag}"
                return BuildResult(accepted=False, message=message)
            try:
                require_root(self._folder(tag) / _PACKAGE)
            except InputError as exc:
                return BuildResult(accepted=False, message=str(exc))
            if tag not in self._built:
                self._built.append(tag)
            return BuildResult(accepted=True, message=f"pushed {_PACKAGE} as {tag}")

    def _keep(self) -> str:
        """Copy the steps folder unless that was done; returns its hash."""
        # The copy is what gets hashed: an edit at this very moment cannot come between the two.
        incoming = self._images / "incoming"
        shutil.rmtree(incoming, ignore_errors=True)
        shutil.copytree(self._source, incoming / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        tag = image_tag(incoming / _PACKAGE)
        if tag not in self._kept:
            shutil.rmtree(self._folder(tag), ignore_errors=True)
            incoming.rename(self._folder(tag))
            self._kept.add(tag)
            self._on_built(self._program(tag))
        return tag

    def program(self, image_uri: str) -> Program:
        """The program of `<anything>/<repository>:<tag>`.

        Raises:
            LookupError: no such image was built.
        """
        if (own := self._own_program(image_uri)) is not None:
            return own
        tag = image_uri.rpartition(":")[2]
        with self._lock:
            newest = self._built[-1] if self._built else None
            if tag in self._built:
                return self._program(tag)
        fault = tag.removeprefix(_FAULT_TAG)
        if newest is not None and tag.startswith(_FAULT_TAG) and fault in FAULTS:
            return _fault_injected(self._program(newest), fault)
        raise LookupError(f"no image {image_uri} has been built")

    def _own_program(self, image_uri: str) -> Program | None:
        """The program of an image that the settings name, or of one with a fault that was made from it."""
        if image_uri in self._own_programs:
            return self._own_programs[image_uri]
        repository, _, tag = image_uri.rpartition(":")
        fault = tag.removeprefix(_FAULT_TAG)
        healthy = next((uri for uri in self._own if untagged(uri) == repository), None)
        if healthy is None or fault not in FAULTS or fault == tag:
            return None
        return faulty_own_program(self._own_programs[healthy], self._own[healthy], fault)

    def _program(self, tag: str) -> Program:
        image, (modules, waits_for) = f"{REPOSITORY}:{tag}", _preload(self._folder(tag) / _PACKAGE / _PRELOAD)
        entrypoint = ("python", "-m", _PACKAGE)
        return Program(self._folder(tag), entrypoint, _ENVIRONMENT, modules, waits_for, image=image)

    def _folder(self, tag: str) -> Path:
        return self._images / tag


def _preload(path: Path) -> tuple[tuple[str, ...], dict[str, int]]:
    """All modules in order, and how many of them the jobs of each verb need."""
    declared: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    counts = itertools.accumulate(len(modules) for modules in declared.values())
    return tuple(itertools.chain(*declared.values())), dict(zip(declared, counts, strict=True))


def _fault_injected(healthy: Program, fault: str) -> Program:
    """The wrapper around the real server, whose package it finds in the same image."""
    entrypoint = ("python", "-m", "rehearsal.endpoints.fault_injection", "--fault", fault)
    return replace(healthy, entrypoint=entrypoint, preload=(), packages=(Path(__file__).resolve().parents[1],))
