"""Wait for the end of standard input, which is the end of whoever started this; then remove its containers.

Run by its path, outside the package: `python sweeper.py <label>`. Whatever ends the owner closes the pipe.
"""

import subprocess
import sys
import time

_LOOKS = 3
_PAUSE_SECONDS = 0.5


def main() -> None:
    """Wait, then sweep; after a death more than once, since a request to make a container may still be on its way."""
    label = sys.argv[1]
    orderly = bool(sys.stdin.buffer.read())
    sweep(label)
    for _ in range(0 if orderly else _LOOKS):
        time.sleep(_PAUSE_SECONDS)
        sweep(label)


def sweep(label: str) -> None:
    """Remove every container that has the label."""
    listing = ("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={label}")
    found = subprocess.run(listing, capture_output=True, text=True, check=False).stdout.split()
    if found:
        subprocess.run(("docker", "rm", "--force", *found), capture_output=True, check=False)


if __name__ == "__main__":
    main()
