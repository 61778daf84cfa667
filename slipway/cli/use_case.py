"""The arguments that name a use case and its stage."""

import argparse
from pathlib import Path


def add_use_case(parser: argparse.ArgumentParser) -> None:
    """Add `--config` and `--stage`, with the headline example as default."""
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("config/shoppers.toml"),
        metavar="FILE",
        help="the use case (default: %(default)s)",
    )
    parser.add_argument("--stage", default="dev", help="a [stages.*] table of the use case (default: %(default)s)")
