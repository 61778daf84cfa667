"""Wait for the end of standard input, which is the end of the parent; then remove its containers.

Run by its path, outside the package: `python sweeper.py <label> <folder label> <owner>`. Whatever ends the parent
closes the pipe. `owner` gets the files of the removed containers, which belong to root; if it is empty, they stay as
they are.
"""

import subprocess
import sys
import time

_MORE_SWEEPS = 3
_PAUSE_SECONDS = 0.5


def main() -> None:
    """Wait, then sweep; after a death more than once, since a request to make a container may still be on its way."""
    label, folder_label, owner = sys.argv[1:]
    orderly = bool(sys.stdin.buffer.read())
    sweep(label, folder_label, owner)
    for _ in range(0 if orderly else _MORE_SWEEPS):
        time.sleep(_PAUSE_SECONDS)
        sweep(label, folder_label, owner)


def sweep(label: str, folder_label: str, owner: str) -> None:
    """Remove every container that has the label, and give its folder to `owner`."""
    form = f'{{{{.ID}}}}\t{{{{.Image}}}}\t{{{{.Label "{folder_label}"}}}}'
    listing = ("docker", "ps", "--all", "--no-trunc", "--filter", f"label={label}", "--format", form)
    lines = subprocess.run(listing, capture_output=True, text=True, check=False).stdout.splitlines()
    found = [line.split("\t", 2) for line in lines]
    if found:
        subprocess.run(("docker", "rm", "--force", *(each[0] for each in found)), capture_output=True, check=False)
    for _, image, folder in found if owner else ():
        mount = f'type=bind,"source={folder}/ml",target=/opt/ml'
        subprocess.run(("docker", *chown_arguments(owner, mount, image)), capture_output=True, check=False)


def chown_arguments(owner: str, mount: str, image: str) -> list[str]:
    """Everything after `docker` that gives /opt/ml of `mount` and all below it to `owner`."""
    return [
        *(
            "run",
            "--rm",
            "--pull",
            "never",
            "--log-driver",
            "none",
            "--network",
            "none",
            "--user",
            "0:0",
            "--read-only",
        ),
        *("--cap-drop", "ALL", "--cap-add", "CHOWN", "--cap-add", "DAC_READ_SEARCH"),
        *("--security-opt", "no-new-privileges", "--mount", mount),
        *("--entrypoint", "chown", image, "--recursive", "--no-dereference", owner, "/opt/ml"),
    ]


if __name__ == "__main__":
    main()
