"""Lay out what the container image is built from: python -m scripts.image_source FOLDER [CONFIG]

Prints the folder to build, and the image's tag. FOLDER takes a copy of the steps where CONFIG has a training script.
"""

import sys
from pathlib import Path

from slipway.errors import InputError
from slipway.settings import Training, load_settings, stages_of
from slipway.training.image import image_tag
from slipway.training.image_source import image_source

STEPS = Path(__file__).resolve().parents[1] / "pipeline_steps"
_STAGE = "dev"


def main(into: str, config: str = "") -> None:
    """Print both lines; the script is that of the stage dev, or of the first."""
    training = Training()
    if config:
        stages = stages_of(Path(config))
        training = load_settings(Path(config), _STAGE if _STAGE in stages else stages[0]).training
    source = image_source(STEPS, training, into=Path(into))
    sys.stdout.write(f"{source}\n{image_tag(source)}\n")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except InputError as exc:
        sys.exit(f"image_source: {exc}")
