"""A training container's checkpoint folder, kept in S3 while the job runs and brought back to its next machine."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rehearsal.containers.container import ML_ROOT
from rehearsal.jobs.job_outcomes import JobError
from rehearsal.jobs.transfer import download, split_uri, upload_file

_POLL_SECONDS = 0.2
_DEFAULT_FOLDER = f"{ML_ROOT}/checkpoints"

_State = tuple[int, int, int]
"""By what a changed file is recognised: its number, its size and when it was written."""


class CheckpointFolder:
    """What `CheckpointConfig` asks for. Nothing is deleted in S3: SageMaker only copies."""

    def __init__(self, s3: Any, config: Mapping[str, str], ml: Path) -> None:
        self._s3, self._uri = s3, f"{config['S3Uri'].rstrip('/')}/"
        local = config.get("LocalPath", _DEFAULT_FOLDER).rstrip("/")
        if not local.startswith(f"{ML_ROOT}/") or ".." in Path(local).parts:
            raise JobError(f"ClientError: LocalPath of CheckpointConfig must begin with {ML_ROOT}/, got {local}")
        self._folder = ml / Path(local).relative_to(ML_ROOT)
        self._known: dict[Path, _State] = {}

    def bring_back(self) -> None:
        """Make the folder, with all that an earlier machine left in S3."""
        download(self._s3, "S3Prefix", self._uri, self._folder)
        self._known = self._look()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Copy what changes to S3, and once more at the end.

        Raises:
            JobError: something could not be copied at the end.
        """
        over = threading.Event()
        thread = threading.Thread(target=self._keep, args=(over,), name="checkpoints", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if failed := self._copy():
            raise failed

    def _keep(self, over: threading.Event) -> None:
        while not over.wait(_POLL_SECONDS):
            self._copy()

    def _copy(self) -> JobError | None:
        """Copy what has changed since it was copied; the first error is returned, and what failed is tried again."""
        bucket, prefix = split_uri(self._uri)
        failed = None
        for path, state in self._look().items():
            if self._known.get(path) == state:
                continue
            try:
                upload_file(self._s3, path, bucket, f"{prefix}{path.relative_to(self._folder).as_posix()}")
            except FileNotFoundError:
                continue  # renamed meanwhile: its new name is copied next
            except JobError as exc:
                failed = failed or exc
                continue
            self._known[path] = state
        return failed

    def _look(self) -> dict[Path, _State]:
        found = {}
        for path in sorted(self._folder.rglob("*")):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                found[path] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        return found
