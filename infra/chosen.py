"""The settings of the use cases that are asked for: told wrong here, before the CDK has started node."""

from pathlib import Path

from blueprint.errors import InputError
from blueprint.settings import Settings, load_settings, stages_of


def chosen_settings(config: Path, stage: str) -> list[Settings]:
    """Of one TOML file, or of every one in a folder that has the stage.

    Raises:
        InputError: settings are not acceptable, two share a name, or none has the stage.
    """
    files = sorted(config.glob("*.toml")) if config.is_dir() else [config]
    chosen = [file for file in files if not config.is_dir() or stage in stages_of(file)]
    if not chosen:
        raise InputError(f"config must hold a use case with the stage {stage}, got {config}")
    made: dict[str, Path] = {}
    cases = []
    for file in chosen:
        settings = load_settings(file, stage)
        if other := made.get(settings.name):
            raise InputError(f"{file}: name must differ from that of {other}, got {settings.name}")
        made[settings.name] = file
        cases.append(settings)
    return cases
