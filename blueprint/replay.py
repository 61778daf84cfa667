"""The command line of the job that replays recent requests before a rollout."""

from blueprint.errors import InputError
from blueprint.pipeline.container_arguments import MAX_ARGUMENT_LENGTH, MAX_ARGUMENTS
from blueprint.settings import Settings

_LIMITS = (
    "max_requests",
    "min_requests",
    "max_error_percent",
    "max_disagreement_percent",
    "max_score_shift",
    "max_mean_shift",
    "max_segment_shift",
    "min_segment_rows",
    "max_latency_ratio",
    "latency_floor_ms",
)


def replay_arguments(settings: Settings, *, captures: str) -> tuple[str, ...]:
    """What `replay` needs to know; `captures` is the `s3://` prefix that data capture writes below.

    Raises:
        InputError: a segment is no category column, or there are too many.
    """
    replay = settings.rollout.replay
    categories = [name for name, kind in settings.data.columns.items() if kind == "category"]
    if unknown := [name for name in replay.segments if name not in categories]:
        allowed = ", ".join(categories) or "(there is none)"
        raise InputError(f"rollout.replay.segments must name category columns, {allowed}, got {unknown[0]}")
    # each value in one piece with its flag: a column named "-x" is then no flag itself
    arguments = (
        f"--captures={captures}",
        *(f"--{name.replace('_', '-')}={getattr(replay, name)}" for name in _LIMITS),
        *(f"--segment={name}" for name in replay.segments),
    )
    if len(arguments) > MAX_ARGUMENTS:
        most = MAX_ARGUMENTS - len(_LIMITS) - 1
        raise InputError(f"rollout.replay.segments must be at most {most} columns, got {len(replay.segments)}")
    if longest := [argument for argument in arguments[1:] if len(argument) > MAX_ARGUMENT_LENGTH]:
        raise InputError(f"an argument must be at most {MAX_ARGUMENT_LENGTH} characters long, got {longest[0]}")
    return arguments
