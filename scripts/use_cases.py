"""What GitHub's workflow deploys: the stages of a delivery, or the TOML files of the use cases that have one of them.

python -m scripts.use_cases delivery.toml [dev]; in the project's folder, which the paths are below.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from blueprint.errors import InputError
from blueprint.settings import Delivery, load_delivery, use_cases_of


def main(argv: Sequence[str]) -> int:
    """Print them on one line: the stages as JSON, in the order of deployment; the files, whose names hold no blanks.

    Returns: 0, or 2 where the settings are not acceptable or no use case has the stage.
    """
    file, *stages = argv
    try:
        delivery = load_delivery(Path(file))
        told = " ".join(_files(delivery, *stages)) if stages else _stages(delivery)
    except InputError as exc:
        sys.stderr.write(f"{exc}\n")
        return exc.exit_code
    sys.stdout.write(f"{told}\n")
    return 0


def _files(delivery: Delivery, stage: str) -> Sequence[str]:
    return use_cases_of(delivery, stage, project=Path())


def _stages(delivery: Delivery) -> str:
    """As the entries of a matrix; a stage that no use case has is refused before any is deployed."""
    for stage in delivery.stages:
        _files(delivery, stage.name)
    return json.dumps([{"stage": stage.name, "trains": stage.trains} for stage in delivery.stages])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
