"""The TOML files of a delivery's use cases that have a stage, on one line.

python -m scripts.use_cases delivery.toml dev; in the project's folder, which the paths are below.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from blueprint.errors import InputError
from blueprint.settings import load_delivery, use_cases_of


def main(argv: Sequence[str]) -> int:
    """Print them; their names hold no blanks.

    Returns: 0, or 2 where the settings are not acceptable or none has the stage.
    """
    file, stage = argv
    try:
        sys.stdout.write(" ".join(use_cases_of(load_delivery(Path(file)), stage, project=Path())) + "\n")
    except InputError as exc:
        sys.stderr.write(f"{exc}\n")
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
