"""The image's entry point: `python -m pipeline_steps <verb> [arguments]`."""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from pipeline_steps.errors import StepError
from pipeline_steps.log import readable
from pipeline_steps.paths import Paths

EXIT_CODES_OF_BAD_INPUT = {
    "prepare": 1,
    "check": 2,
    "inspect": 2,
    "openapi": 2,
    "train": 1,
    "evaluate": 1,
    "replay": 1,
    "monitor": 1,
    "collect": 1,
    "assemble": 1,
    "publish": 1,
    "serve": 1,
}
"""The verbs. `check` runs before a launch, where bad input has its own exit code; to SageMaker every failure is 1."""

_LONGEST_REASON = 1024
"""As much as SageMaker shows of a failure."""


def main(argv: Sequence[str]) -> int:
    """Run one verb; this is where every failure becomes a reason and an exit code."""
    paths = Paths.from_environment()
    if not argv or argv[0] not in EXIT_CODES_OF_BAD_INPUT:
        given = argv[0] if argv else "none"
        return _fail(paths, f"verb must be one of {', '.join(EXIT_CODES_OF_BAD_INPUT)}, got {given}", exit_code=1)
    verb = argv[0]
    try:
        # imported by need: a training job should not wait for the plotting library
        import_module(f"pipeline_steps.{verb}").main(argv[1:], paths)
    except StepError as exc:
        return _fail(paths, str(exc), exit_code=EXIT_CODES_OF_BAD_INPUT[verb])
    except Exception as exc:  # noqa: BLE001 (a job boundary: every failure is reported to SageMaker)
        traceback.print_exc()
        return _fail(paths, f"{type(exc).__name__}: {exc}", exit_code=1)
    return 0


def _fail(paths: Paths, reason: str, *, exit_code: int) -> int:
    reason = readable(reason)
    sys.stderr.write(reason + "\n")
    try:
        if paths.root.is_dir():
            paths.failure.parent.mkdir(parents=True, exist_ok=True)
            paths.failure.write_text(reason[:_LONGEST_REASON], encoding="utf-8")
    except OSError as exc:
        sys.stderr.write(f"the reason could not be written to {paths.failure}: {exc.strerror}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
