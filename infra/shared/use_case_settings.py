"""The settings of several use cases; it imports no CDK, so that errors in them are reported before node starts."""

from collections.abc import Iterable
from pathlib import Path

from slipway.errors import InputError
from slipway.settings import Delivery, Settings, load_settings, stages_of, use_cases_of


def load_use_cases(config: Path, stage: str) -> list[Settings]:
    """Load one TOML file, or every file in a folder that has the stage.

    Raises:
        InputError: settings are not acceptable, two share a name, or none has the stage.
    """
    files = sorted(config.glob("*.toml")) if config.is_dir() else [config]
    with_stage = [file for file in files if not config.is_dir() or stage in stages_of(file)]
    if not with_stage:
        raise InputError(f"config must hold a use case with the stage {stage}, got {config}")
    return _load_unique(with_stage, stage)


def load_delivered_use_cases(delivery: Delivery, stage: str, *, project: Path) -> list[Settings]:
    """Load the delivery's use cases, paths below `project`, that have the stage; sorted as in a folder.

    Raises:
        InputError: settings are not acceptable, two share a name, or none has the stage.
    """
    return _load_unique(sorted(project / file for file in use_cases_of(delivery, stage, project=project)), stage)


def _load_unique(files: Iterable[Path], stage: str) -> list[Settings]:
    loaded: dict[str, Path] = {}
    cases = []
    for file in files:
        settings = load_settings(file, stage)
        if other := loaded.get(settings.name):
            raise InputError(f"{file}: name must differ from that of {other}, got {settings.name}")
        loaded[settings.name] = file
        cases.append(settings)
    return cases
