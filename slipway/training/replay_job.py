"""The command line of the job that replays recent requests before a rollout, and what such jobs are called."""

import hashlib

from slipway.errors import InputError
from slipway.settings import Settings
from slipway.settings.canary_analysis import CanaryAnalysis
from slipway.settings.limits import RESOURCE_NAME_LENGTH
from slipway.settings.names import Names
from slipway.training.container_arguments import MAX_ARGUMENT_LENGTH, MAX_ARGUMENTS

_SUFFIX_LENGTH = len("-") + 32 + len("-1")  # MD5 in hexadecimal digits, and the attempt
_MOST_CHARACTERS = 800
"""Of a function's environment, which has 4 KB for everything: names, ARNs and a VPC of 16 subnets take the rest."""
_LIMITS = (
    "max_requests",
    "min_requests",
    "max_error_percent",
    "max_disagreement_percent",
    "max_score_psi",
    "max_mean_difference",
    "max_segment_difference",
    "min_segment_rows",
    "max_latency_ratio",
    "latency_floor_ms",
)


def replay_arguments(settings: Settings, *, captures: str) -> tuple[str, ...]:
    """What `replay` needs to know; `captures` is the `s3://` prefix that data capture writes below.

    Raises:
        InputError: a segment is no category or boolean column, or there are too many.
    """
    replay, accepted = settings.rollout.replay, settings.rollout.accept_contract_change
    categories = [name for name, kind in settings.data.columns.items() if kind in {"category", "boolean"}]
    if unknown := [name for name in replay.segments if name not in categories]:
        allowed = ", ".join(categories) or "(there is none)"
        raise InputError(f"rollout.replay.segments must name category or boolean columns, {allowed}, got {unknown[0]}")
    # each value in one piece with its flag: a column named "-x" is then no flag itself
    arguments = (
        f"--captures={captures}",
        *([] if settings.endpoint.facts.captures else ["--test-rows"]),
        *(f"--{name.replace('_', '-')}={limit}" for name in _LIMITS if (limit := getattr(replay, name)) is not None),
        *(f"--segment={name}" for name in replay.segments),
        *_own_server(settings),
        *([f"--accept-contract-change={accepted}"] if accepted else []),
        *_proof(settings.rollout.canary_analysis),
    )
    if len(arguments) > MAX_ARGUMENTS:
        most = MAX_ARGUMENTS - (len(arguments) - len(replay.segments))
        raise InputError(f"rollout.replay.segments must be at most {most} columns, got {len(replay.segments)}")
    length = sum(map(len, arguments[1:]))
    if length > _MOST_CHARACTERS:
        raise InputError(
            f"rollout.replay.segments must fit into {_MOST_CHARACTERS} characters of arguments, got {length}"
        )
    if longest := [argument for argument in arguments[1:] if len(argument) > MAX_ARGUMENT_LENGTH]:
        raise InputError(f"an argument must be at most {MAX_ARGUMENT_LENGTH} characters long, got {longest[0]}")
    return arguments


def _own_server(settings: Settings) -> list[str]:
    output = settings.endpoint.output
    if output is None:
        return []
    place = f"--output-column={output.column}" if output.pointer is None else f"--output-pointer={output.pointer}"
    return [place, *(["--own-model"] if settings.has_own_model else [])]


def _proof(analysis: CanaryAnalysis) -> tuple[str, ...]:
    """What the canary would have to prove of the scores, which the replay may prove in its place."""
    if not (analysis.enabled and analysis.scores):
        return ()
    return f"--score-limit={analysis.score_limit}", f"--proof-error={analysis.false_promotion_rate}"


def gate_job_prefix(names: Names) -> str:
    """What the jobs' names begin with: the use case and stage, cut and made unique by a hash where they are long."""
    room = RESOURCE_NAME_LENGTH - _SUFFIX_LENGTH - len("-gates")
    prefix = names.prefix
    if len(prefix) > room:
        digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
        prefix = f"{prefix[: room - 9].rstrip('-')}-{digest}"
    return f"{prefix}-gates"
