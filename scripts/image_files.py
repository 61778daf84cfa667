"""The file tree of an image, read from `docker export`; nothing in the image is run."""

import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

# Docker puts these into every container by itself.
_MADE_BY_DOCKER = {".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"}


def image_files(image: str) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Each entry of the image with its content, which must be read before the next entry."""
    with _container(image) as container:
        export = subprocess.Popen(("docker", "export", container), stdout=subprocess.PIPE)
        with export, tarfile.open(fileobj=export.stdout, mode="r|") as tar:
            for entry in tar:
                if entry.name.rstrip("/") not in _MADE_BY_DOCKER:
                    yield entry, tar.extractfile(entry) if entry.isreg() else None
    if export.returncode != 0:
        raise SystemExit(f"docker export of {image} ended with status {export.returncode}")


@contextmanager
def _container(image: str) -> Iterator[str]:
    made = subprocess.run(
        ("docker", "create", "--pull", "never", "--network", "none", image, "none"),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise SystemExit(1)
    container = made.stdout.split()[-1]
    try:
        yield container
    finally:
        subprocess.run(("docker", "rm", container), stdout=subprocess.DEVNULL, check=True)
