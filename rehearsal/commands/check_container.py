"""`slipway check-container`: whether an image or a command keeps SageMaker's contract for its containers."""

import argparse
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.cli.arguments import add_command, add_number
from slipway.errors import InputError
from slipway.temporary import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.containers.backends.backend import Backend
    from rehearsal.containers.container import Program
    from rehearsal.containers.container_finding import ContainerFinding

_EPILOG = """\
The container is started as SageMaker starts it. A server gets the argument `serve`, the model in /opt/ml/model, and a
port in SAGEMAKER_BIND_TO_PORT; a training job the argument `train`, its channels in /opt/ml/input/data, and no network.
A command is run on this machine, its /opt/ml a folder that SM_BASE_DIR names.

exit codes:
  0    every rule is kept
  1    one is not
  2    arguments are not acceptable

examples:
  slipway check-container --command "python my_server.py" --request row.csv
  slipway check-container --image my-server:1 --model model.tar.gz --request row.json --content-type application/json
  slipway check-container --command "python my_training.py" --train data/ --hyperparameter epochs=2
"""
_ROOT = frozenset({"", "0", "root"})


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "check-container",
        run,
        summary="check that a container of your own can serve or train on SageMaker",
        description="Run a model server or a training job, and print a line for each rule of SageMaker's contract.",
        epilog=_EPILOG,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--image", metavar="NAME", help="an image that Docker has")
    what.add_argument("--command", metavar="COMMAND", help="the entry point of an image, as a command of this machine")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--request", type=Path, metavar="FILE", help="check a server: the body of a valid request")
    how.add_argument(
        "--train", type=Path, metavar="DIR", help="check a training job: a folder with one for each channel"
    )
    add = parser.add_argument
    add("--model", type=Path, metavar="FILE", help="a model.tar.gz, which is unpacked to /opt/ml/model")
    add("--content-type", default="text/csv", help="of the request (default: %(default)s)")
    add_number(parser, "--startup-seconds", 1, 3600, default=480, about="until the first ping must pass")
    about = "of the training job; repeatable"
    add("--hyperparameter", type=_hyperparameter, action="append", default=[], metavar="NAME=VALUE", help=about)
    add_number(parser, "--max-seconds", 1, 86_400, default=3600, about="until the training job must have ended")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each rule, as it is found."""
    kept = True
    for finding in _findings(arguments):
        sys.stdout.write(finding.line() + "\n")
        sys.stdout.flush()
        kept = kept and finding.kept
    return 0 if kept else 1


def _findings(arguments: argparse.Namespace) -> "Iterator[ContainerFinding]":
    # What --help need not wait for.
    from rehearsal.containers.choice import choose_backend  # noqa: PLC0415
    from rehearsal.containers.container import Program  # noqa: PLC0415

    check = _check_training if arguments.train is not None else _check_server
    if arguments.image is not None:
        yield _user(arguments.image)
        program, backend = (
            Program(Path("/"), (), image=arguments.image),
            choose_backend("docker", docker_host=_docker()),
        )
    else:
        program, backend = Program(Path.cwd(), _entrypoint(arguments.command)), choose_backend("prefix")
    with temporary_folder("container") as folder:
        try:
            yield from check(arguments, program, backend, folder / "container")
        finally:
            backend.close()


def _check_server(
    arguments: argparse.Namespace, program: "Program", backend: "Backend", folder: Path
) -> "Iterator[ContainerFinding]":
    from rehearsal.endpoints.model_server import ModelServer, prepare_container  # noqa: PLC0415
    from rehearsal.endpoints.server_check import SampleRequest, check_server  # noqa: PLC0415

    request = SampleRequest(_content("request", arguments.request), arguments.content_type)
    if arguments.model is not None:
        _content("model", arguments.model)
    model = {"ModelDataUrl": str(arguments.model)} if arguments.model else {}
    container = prepare_container(model, program, folder, _fetch)
    server = ModelServer(container, backend, lambda _line: None)
    return check_server(server, request, model=container.ml / "model", startup_seconds=arguments.startup_seconds)


def _fetch(address: str, path: Path) -> None:
    shutil.copyfile(address, path)


def _check_training(
    arguments: argparse.Namespace, program: "Program", backend: "Backend", folder: Path
) -> "Iterator[ContainerFinding]":
    from rehearsal.jobs.training_check import check_training, training_container  # noqa: PLC0415

    if not arguments.train.is_dir():
        raise InputError(f"--train must be a folder, got {arguments.train}")
    container = training_container(program, folder, arguments.train, dict(arguments.hyperparameter))
    return check_training(backend, container, max_seconds=arguments.max_seconds)


def _user(image: str) -> "ContainerFinding":
    """SageMaker's mounts are root's: another user could write no model."""
    from rehearsal.containers.container_finding import ContainerFinding  # noqa: PLC0415
    from rehearsal.containers.docker.readiness import reach_docker  # noqa: PLC0415

    try:
        user = reach_docker(_docker()).run("image", "inspect", "--format", "{{.Config.User}}", image)
    except OSError as exc:
        raise InputError(f"--image must be an image that Docker has, got {image}: {exc}") from exc
    if user.partition(":")[0] in _ROOT:
        return ContainerFinding("user", kept=True, words="root")
    return ContainerFinding("user", kept=False, words=f"must be root, which owns what SageMaker mounts, got {user}")


def _docker() -> str | None:
    return os.environ.get("DOCKER_HOST")


def _entrypoint(command: str) -> tuple[str, ...]:
    """The words of the command; it runs in a folder of its own, so files of this one are named from the root on."""
    words = shlex.split(command)
    if not words:
        raise InputError("--command must be a command, got nothing")
    return tuple(str(Path(word).resolve()) if Path(word).is_file() else word for word in words)


def _hyperparameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, got {text}")
    return name, value


def _content(key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise InputError(f"--{key} must be a readable file, got {path}: {exc.strerror}") from exc
