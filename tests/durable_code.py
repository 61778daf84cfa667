"""The code of durable functions, as an archive that Lambda takes."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import aws_durable_execution_sdk_python as sdk

import slipway
from infra.rollout.runtime import orchestrator


def archive_of_code(files: Mapping[str, str], *, rolls_out: bool = False) -> bytes:
    """`files` by name, with AWS's SDK; and, where it `rolls_out`, with the rollout's own modules."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for path, name in _modules(rolls_out=rolls_out):
            archive.write(path, name)
    return stored.getvalue()


def _modules(*, rolls_out: bool) -> Iterator[tuple[Path, str]]:
    packages = [Path(sdk.__file__).parent]
    if rolls_out:
        packages.append(Path(orchestrator.__file__).parent)
        product = Path(slipway.__file__).parent
        for folder in ("rollout", "canary", "."):
            for path in (product / folder).glob("*.py") if folder == "." else (product / folder).rglob("*.py"):
                yield path, str(path.relative_to(product.parent))
    for package in packages:
        for path in package.rglob("*.py"):
            yield path, str(path.relative_to(package.parent))
