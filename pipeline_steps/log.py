"""The job's log, which SageMaker takes from the standard output."""

import sys


def log(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
