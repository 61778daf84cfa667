"""Files of Parquet: rows of a request, read by a process of their own.

The library that reads them trusts what a file says of itself: one that is damaged, or made to do harm, can end its
process or fill its memory. So it is not read in the server's process.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline_steps.server.bodies import Body, UnreadableBodyError, row_too_long

if TYPE_CHECKING:
    from pipeline_steps.artifact.contract import Contract

_SECONDS = 30
_MEMORY_BYTES = 2 << 30
"""Of addresses, of which the libraries alone take a quarter."""
_REFUSED = 3


def parquet_rows(contract: "Contract", body: Body, longest: int) -> Iterator[dict[str, str]]:
    """Read the rows, as texts by column names; at most one more than the contract allows.

    Raises:
        UnreadableBodyError: it is no such file, or a row is longer than `longest` characters.
    """
    limits = (str(contract.max_payload_rows + 1), str(longest))
    argv = [sys.executable, "-m", "pipeline_steps.server.parquet_requests", *limits]
    try:
        ended = subprocess.run(argv, input=body, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as exc:
        raise UnreadableBodyError(f"the body must be a Parquet file that is read within {_SECONDS} s") from exc
    if ended.returncode != 0:
        said = ended.stderr.decode("utf-8", "replace").strip()
        reason = said if ended.returncode == _REFUSED else f"reading it ended with {ended.returncode}"
        raise UnreadableBodyError(f"the body must be a Parquet file: {reason}")
    lines = iter(ended.stdout.splitlines())
    names = json.loads(next(lines))
    for line in lines:
        yield dict(zip(names, json.loads(line), strict=True))


def main() -> int:
    """Print the names of the columns, then a line for each row, of the file on the standard input."""
    import resource  # noqa: PLC0415 (the server needs none of these)

    from pipeline_steps.errors import DataError  # noqa: PLC0415
    from pipeline_steps.tables.parquet import parquet_blocks  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    left, longest = map(int, sys.argv[1:])
    number = 0
    try:
        blocks = parquet_blocks(sys.stdin.buffer.read(), "the body")
        sys.stdout.write(json.dumps(next(blocks)) + "\n")
        for block in blocks:
            rows = list(zip(*block, strict=True))[:left]
            left -= len(rows)
            for row in rows:
                number += 1
                if sum(map(len, row)) > longest:  # a few bytes of a file may say a long text of many rows
                    raise row_too_long(number, longest)
                sys.stdout.write(json.dumps(row) + "\n")
            if not left:
                break
    except (DataError, UnreadableBodyError, MemoryError) as exc:
        sys.stderr.write(str(exc) or "it takes too much memory")
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
