"""Temporary folders that no run leaves behind: what a killed one could not remove, the next one does."""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "slipway-run-"
_LOCK = ".lock"


@contextmanager
def temporary_folder(kind: str) -> Iterator[Path]:
    """Make a folder that is gone afterwards, and remove those that earlier runs were killed in.

    A folder is in use as long as its lock is held: the kernel releases it with the process, however that ends.
    """
    _sweep()
    folder, lock = _made(kind)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _made(kind: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-"))
        # Without its lock it is empty, and another run may have taken it for one that was killed.
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (folder / _LOCK).exists():
                return folder, lock
            os.close(lock)


def _sweep() -> None:
    """Remove our user's folders whose runs have ended; another user's are not touched."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another process removes it, or it is no folder of a run
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                _sweep_one(folder)


def _sweep_one(folder: Path) -> None:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        folder.rmdir()  # killed before it had its lock: it is empty
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), (folder / _LOCK).lstat()):
            _remove(folder)
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    """The lock goes last: a run that is killed meanwhile, or a process that still writes, leaves it to the next."""
    for entry in folder.iterdir():
        if entry.name == _LOCK:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    (folder / _LOCK).unlink(missing_ok=True)
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError:  # a process of the run, which is dying, has written meanwhile
        (folder / _LOCK).touch(mode=0o600)
