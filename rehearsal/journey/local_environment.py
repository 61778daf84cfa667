"""Before anything starts: the folder for the report is checked, and the environment made local."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from slipway.errors import InputError

_HERE = ("127.0.0.1", "localhost")


def check_out(out: Path) -> None:
    """Check that reports can be written into `out`. A folder that did not exist is not left behind.

    Raises:
        InputError: it is no folder, or cannot be written to.
    """
    made = []
    try:
        made = [folder for folder in (out, *out.parents) if not folder.exists()]
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as exc:
        raise InputError(f"--out must be a folder that can be written to, got {out}: {exc.strerror}") from exc
    finally:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextmanager
def sole_writer(out: Path) -> Iterator[None]:
    """Let no other rehearsal begin meanwhile that writes into `out`, where the reports of both would be mixed.

    Raises:
        InputError: another one is under way, or it is no folder.
    """
    made: list[Path] = []
    try:
        made = [folder for folder in (out, *out.parents) if not folder.exists()]
        out.mkdir(parents=True, exist_ok=True)
        held = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        raise InputError(f"--out must be a folder that can be written to, got {out}: {exc.strerror}") from exc
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise InputError(
                f"--out must be a folder of one rehearsal at a time, got {out}, into which another one under way will "
                "write: name another folder with --out"
            ) from exc
        yield
    finally:
        os.close(held)
        for folder in made:
            with contextlib.suppress(OSError):  # a report lies in it
                folder.rmdir()


@contextmanager
def local_environment() -> Iterator[None]:
    """Meanwhile this process and its children use no proxy for this machine, and nothing of the user's AWS profiles."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(no_aws_files())
    excluded = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if excluded.strip() != "*":  # which must stand alone
        excluded = ",".join(filter(None, (excluded, *_HERE)))
    os.environ.update(dict.fromkeys(("no_proxy", "NO_PROXY"), excluded))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def no_aws_files() -> dict[str, str]:
    """Instead of ~/.aws, whose profiles can name other credentials, endpoints and regions."""
    return dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
