"""The `docker` command line: run it, and report its own error."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_RESPONSE_SECONDS = 60.0
HOST_VARIABLE = "DOCKER_HOST"


@dataclass(frozen=True)
class DockerClient:
    """`host` is the user's DOCKER_HOST; None leaves the choice to the command line's own context."""

    host: str | None

    @property
    def environment(self) -> dict[str, str]:
        """This process's variables, with the user's DOCKER_HOST in place of whatever stands there now."""
        others = {name: value for name, value in os.environ.items() if name != HOST_VARIABLE}
        return others if self.host is None else {**others, HOST_VARIABLE: self.host}

    def run(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """What `docker` prints for these arguments; `variables` are added to its environment.

        Raises:
            OSError: it is not installed, does not respond, or fails; its own error is the message.
        """
        try:
            done = subprocess.run(
                ("docker", *arguments),
                env={**self.environment, **(variables or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_RESPONSE_SECONDS,
            )
        except subprocess.TimeoutExpired as exc:
            raise OSError(f"docker {arguments[0]} must respond within {_RESPONSE_SECONDS:g} s") from exc
        if done.returncode != 0:
            raise OSError(_last_line(done.stderr) or f"docker {arguments[0]} ended with status {done.returncode}")
        return done.stdout.strip()

    def containers(self, label: str, *, form: str = "{{.ID}}") -> list[str]:
        """One line for each container, running or not, that has the label (`name` or `name=value`)."""
        listed = self.run("ps", "--all", "--no-trunc", "--filter", f"label={label}", "--format", form)
        return listed.splitlines()

    def remove(self, containers: Sequence[str]) -> None:
        """Kill and remove them; those that are gone already do not matter."""
        if containers:
            subprocess.run(
                ("docker", "rm", "--force", *containers),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=_RESPONSE_SECONDS,
            )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("Error response from daemon: ") if lines else ""
