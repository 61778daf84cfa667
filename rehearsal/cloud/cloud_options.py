"""The command line of the process."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class CloudOptions:
    port: int
    speed: float
    workdir: Path
    backend: str
    steps_folder: Path
    after_rollback: Literal["silent", "failed"]
    same_config: Literal["refuse", "take"]
    """What UpdateEndpoint does with the config that is in use: AWS's documentation only requires a new one."""
    log: Path
    interrupt_spot: float | None
    """Each spot job loses its first machine after so many seconds."""
    quotas: Mapping[str, float]
    """Service Quotas of SageMaker by name, such as "ml.m5.large for endpoint usage"; what is not in it has none."""
    own_images: Path | None
    """A JSON file with the entry points of the user's own images, by URI."""
    docker_host: str | None
    """DOCKER_HOST as the user has it: the process hides it from the emulator."""


def parse(argv: Sequence[str] | None = None) -> CloudOptions:
    """Read the command line; argparse ends the process with code 2 where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal.cloud",
        description="The embedded AWS on one loopback port; ends on SIGTERM, SIGINT and the end of standard input.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--speed", type=_speed, default=30.0, help="waits last 1/SPEED of their time")
    parser.add_argument("--workdir", type=Path, required=True, help="everything that is written lies in it")
    parser.add_argument("--backend", choices=("auto", "namespace", "prefix", "docker"), default="auto")
    parser.add_argument("--steps-folder", type=_folder, required=True, help="the folder pipeline_steps/")
    parser.add_argument("--after-rollback", choices=("silent", "failed"), default="silent")
    parser.add_argument("--same-config", choices=("refuse", "take"), default="refuse", help="by UpdateEndpoint")
    parser.add_argument("--interrupt-spot", type=float, metavar="SECONDS", help="take spot jobs' first machines away")
    parser.add_argument(
        "--quota", type=_quota, action="append", default=[], metavar="NAME=VALUE", help="limit SageMaker"
    )
    parser.add_argument("--log", type=Path, help="(default: cloud.log in the workdir)")
    parser.add_argument("--own-images", type=Path, metavar="FILE", help="entry points of the user's own, by image URI")
    given = parser.parse_args(argv)
    workdir = given.workdir.absolute()
    return CloudOptions(
        port=given.port,
        speed=given.speed,
        workdir=workdir,
        backend=given.backend,
        steps_folder=given.steps_folder.absolute(),
        after_rollback=given.after_rollback,
        same_config=given.same_config,
        log=(given.log or workdir / "cloud.log").absolute(),
        interrupt_spot=given.interrupt_spot,
        quotas=dict(given.quota),
        own_images=given.own_images,
        docker_host=os.environ.get("DOCKER_HOST"),
    )


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"must be a number, got {text}") from exc
    if not 1 <= speed <= 1000:
        raise argparse.ArgumentTypeError(f"must be in 1..1000, got {text}")
    return speed


def _quota(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    if not name or not value.isdecimal():
        raise argparse.ArgumentTypeError(f"must be NAME=WHOLE_NUMBER, got {text}")
    return name, float(value)


def _folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"must be a folder, got {text}")
    return folder
