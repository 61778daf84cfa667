"""Any system: /opt/ml becomes a folder, in the arguments and variables and through SM_BASE_DIR."""

import re
from pathlib import Path

from rehearsal.containers.backends.backend import JobProcess, ProcessCommand, SpawnedProcess
from rehearsal.containers.container import Container
from rehearsal.process import spawn

_ML_PATH = re.compile(r"(?<![\w./-])/opt/ml(?![\w.-])")


class PrefixBackend:
    """Cannot cut a container off from the network; an isolated one merely gets no credentials."""

    name = "prefix"

    def command(self, container: Container) -> ProcessCommand:
        environment = {key: rewrite(value, container.ml) for key, value in container.full_environment().items()}
        environment["SM_BASE_DIR"] = environment["SAGEMAKER_BASE_DIR"] = str(container.ml)
        return ProcessCommand(tuple(rewrite(word, container.ml) for word in container.argv), environment)

    bare_command = command

    def mount(self, container: Container) -> None:
        """Nothing is mounted."""

    def start(self, container: Container, *, output: int) -> JobProcess:
        command = self.command(container)
        process = spawn(command.argv, env=command.environment, cwd=container.work, stdout=output, stderr=output)
        return SpawnedProcess(process)

    def remove(self, container: Container) -> None:
        """Nothing is left: the process group is all there is."""

    def close(self) -> None:
        """Nothing to release."""


def rewrite(text: str, root: Path) -> str:
    """Put `root` wherever `text` names /opt/ml or a path below it."""
    return _ML_PATH.sub(lambda _: str(root), text)
