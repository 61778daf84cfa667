"""What the container image is built from: the steps, with the user's own training script beside them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from slipway.errors import InputError
from slipway.settings import Training

USER_CODE = "user_code"
"""The folder inside the steps: `entry_point` names the script in its folder `files`."""
USER_REQUIREMENTS = "user_requirements.txt"
"""The file beside it that pip reads in the build."""

_MOST_BYTES = 10 * 1024 * 1024
_LEFT_OUT = {"__pycache__"}


def image_source(steps_folder: Path, training: Training, *, into: Path) -> Path:
    """The folder that the image is built from: `steps_folder` itself, or a copy of it in `into` with the script.

    Of the script, its whole folder travels, so that it can import its neighbours.

    Raises:
        InputError: a file is not there, or the script's folder is no folder of its own.
    """
    if training.script is None:
        return steps_folder
    script = _file("script", training.script)
    made = into / steps_folder.name
    shutil.copytree(steps_folder, made, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    code = made / USER_CODE
    for path in _travelling(script):
        target = code / "files" / path.relative_to(script.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (code / "entry_point").write_text(f"{script.name}\n", encoding="utf-8")
    if training.requirements is not None:
        (made / USER_REQUIREMENTS).write_bytes(_file("requirements", training.requirements).read_bytes())
    return made


def require_files(training: Training) -> None:
    """Refuse settings that name a script, or requirements, which are not there.

    Raises:
        InputError: one is not.
    """
    for key, name in (("script", training.script), ("requirements", training.requirements)):
        if name is not None:
            _file(key, name)


def _file(key: str, name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise InputError(f"training.{key} must name a file, from the settings' own folder on, got {name}")
    return path


def _travelling(script: Path) -> list[Path]:
    """The files of the script's folder; hidden ones, where secrets lie, and links, which lead out of it, do not travel.

    Raises:
        InputError: they are too many bytes: it is no folder of the script's own.
    """
    found, size = [], 0
    for path in _files(script.parent):
        found.append(path)
        size += path.stat().st_size
        if size > _MOST_BYTES:
            raise InputError(
                f"training.script must lie in a folder of its own, of at most {_MOST_BYTES // 1024 // 1024} MB: all of "
                f"it travels in the image, got more in {script.parent}"
            )
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith(".") or path.name in _LEFT_OUT:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path
