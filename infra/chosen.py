"""The settings of the use cases that are asked for: told wrong here, before the CDK has started node."""

from collections.abc import Iterable
from pathlib import Path

from slipway.errors import InputError
from slipway.settings import Delivery, Settings, load_settings, stages_of, use_cases_of


def chosen_settings(config: Path, stage: str) -> list[Settings]:
    """Of one TOML file, or of every one in a folder that has the stage.

    Raises:
        InputError: settings are not acceptable, two share a name, or none has the stage.
    """
    files = sorted(config.glob("*.toml")) if config.is_dir() else [config]
    chosen = [file for file in files if not config.is_dir() or stage in stages_of(file)]
    if not chosen:
        raise InputError(f"config must hold a use case with the stage {stage}, got {config}")
    return _named_once(chosen, stage)


def delivered_settings(delivery: Delivery, stage: str, *, project: Path) -> list[Settings]:
    """Of the delivery's use cases, paths below `project`, that have the stage; in the order they have in a folder.

    Raises:
        InputError: settings are not acceptable, two share a name, or none has the stage.
    """
    return _named_once(sorted(project / file for file in use_cases_of(delivery, stage, project=project)), stage)


def _named_once(files: Iterable[Path], stage: str) -> list[Settings]:
    made: dict[str, Path] = {}
    cases = []
    for file in files:
        settings = load_settings(file, stage)
        if other := made.get(settings.name):
            raise InputError(f"{file}: name must differ from that of {other}, got {settings.name}")
        made[settings.name] = file
        cases.append(settings)
    return cases
