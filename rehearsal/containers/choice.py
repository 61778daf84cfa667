"""Choose the job backend by its name."""

from rehearsal.containers.backends.backend import ColdBackend, JobBackend
from rehearsal.containers.backends.namespace import NamespaceBackend, find_powers
from rehearsal.containers.backends.prefix import PrefixBackend
from rehearsal.containers.backends.warm import WarmBackend
from rehearsal.containers.docker.docker_backend import DockerBackend
from rehearsal.containers.docker.readiness import reach_docker
from slipway.errors import InputError

BACKENDS = ("auto", "namespace", "prefix", "docker")


def choose_backend(name: str = "auto", *, docker_host: str | None = None) -> JobBackend:
    """The backend called `name`; `auto` takes `namespace` where the system allows it, else `prefix`.

    Without Docker, jobs of images that declare modules to preload start warm; all others start cold.

    Raises:
        InputError: there is no such backend, or this system refuses it.
    """
    if name not in BACKENDS:
        raise InputError(f"backend must be one of {', '.join(BACKENDS)}, got {name}")
    if name == "docker":
        return DockerBackend(reach_docker(docker_host))
    return WarmBackend(_cold_backend(name))


def _cold_backend(name: str) -> ColdBackend:
    if name == "prefix":
        return PrefixBackend()
    if powers := find_powers():
        return NamespaceBackend(powers)
    if name == "namespace":
        raise InputError("backend namespace needs Linux with `unshare` and mount namespaces; this system refuses them")
    return PrefixBackend()
