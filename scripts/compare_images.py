"""Compare the file trees of two images: paths, types, modes, owners, links and contents.

python -m scripts.compare_images IMAGE IMAGE; exits with 1 and names what differs.
"""

import hashlib
import sys
from collections.abc import Sequence

from scripts.image_files import image_files

Tree = dict[str, str]
_SHOWN = 40


def tree(image: str) -> Tree:
    """A line of text for each path."""
    found = {}
    for entry, content in image_files(image):
        digest = hashlib.file_digest(content, "sha256").hexdigest() if content else ""  # type: ignore[arg-type]
        kind = entry.type.decode()
        found[entry.name] = f"{kind} {entry.mode:o} {entry.uid}:{entry.gid} {entry.linkname} {digest}".strip()
    return found


def differences(first: Tree, second: Tree) -> list[str]:
    """What is in one tree only, or not the same in both."""
    return [
        f"{path}: {first.get(path, 'absent')} | {second.get(path, 'absent')}"
        for path in sorted(first.keys() | second.keys())
        if first.get(path) != second.get(path)
    ]


def main(argv: Sequence[str]) -> int:
    if len(argv) != 2:
        sys.stderr.write("usage: python -m scripts.compare_images IMAGE IMAGE\n")
        return 2
    first, second = (tree(image) for image in argv)
    found = differences(first, second)
    sys.stdout.writelines(f"{line}\n" for line in found[:_SHOWN])
    sys.stdout.write(f"{len(first)} and {len(second)} paths, {len(found)} differ\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
