"""A container as the arguments of `docker create`."""

from rehearsal.containers.container import ML_ROOT, Container
from rehearsal.containers.docker.instance_types import capacity_of
from rehearsal.containers.docker.mounts import bind_mount
from rehearsal.containers.docker.ownership import FOLDER_LABEL, OWNER_LABEL

_PACKAGES = "/opt/packages"
_MOST_PROCESSES = 1024
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Passed in the environment of `docker` itself: every user of a machine can read the arguments of a process."""


def create_arguments(container: Container, *, owner: str, processors: int, network: bool) -> list[str]:
    """Everything after `docker create`. No user: it is the image's own, as on SageMaker.

    Args:
        container: What to run; its program must name an image.
        owner: The value of the label by which leftovers are found.
        processors: How many this machine has: Docker refuses a limit above it.
        network: The host's network, where the embedded AWS and the router are; otherwise none at all.
    """
    program = container.program
    environment = dict(program.environment)
    mounts = [bind_mount(container.ml, ML_ROOT)]
    mounts += [bind_mount(container.ml / name, f"{ML_ROOT}/{name}", readonly=True) for name in container.read_only]
    if program.packages:
        mounts += [bind_mount(package, f"{_PACKAGES}/{package.name}", readonly=True) for package in program.packages]
        environment["PYTHONPATH"] = f"/opt/program:{_PACKAGES}"
    environment |= container.environment
    own = container.argv[: len(program.entrypoint)] == program.entrypoint and not program.packages
    entrypoint = [] if own else ["--entrypoint", container.argv[0]]
    command = container.argv[len(program.entrypoint) if own else 1 :]
    return [
        *("--rm", "--pull", "never", "--log-driver", "none"),
        *("--label", f"{OWNER_LABEL}={owner}", "--label", f"{FOLDER_LABEL}={container.folder}"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--read-only", "--tmpfs", "/tmp", "--pids-limit", str(_MOST_PROCESSES)),  # noqa: S108 -- the container's
        *("--network", "host" if network else "none"),
        *_limits(container.instance_type, processors),
        *(word for mount in mounts for word in ("--mount", mount)),
        *(word for name, value in environment.items() for word in ("--env", _variable(name, value))),
        *entrypoint,
        program.image,
        *command,
    ]


def secret_variables(container: Container) -> dict[str, str]:
    """What `docker create` needs in its own environment."""
    return {name: container.environment[name] for name in _SECRETS if name in container.environment}


def _variable(name: str, value: str) -> str:
    return name if name in _SECRETS else f"{name}={value}"


def _limits(instance_type: str, processors: int) -> list[str]:
    capacity = capacity_of(instance_type)
    if capacity is None:
        return []
    memory = f"{capacity.memory_gib}g"
    # As much swap and memory together as memory: no swap, as on an instance.
    return ["--memory", memory, "--memory-swap", memory, "--cpus", str(min(capacity.vcpus, processors))]
