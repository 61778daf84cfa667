"""replay: whether a candidate keeps the champion's contract, and how it scores recent requests of users."""

import argparse
import os
from collections.abc import Iterator, Sequence

from pipeline_steps.arguments import StepParser, from_arguments, percentage, positive, share, whole
from pipeline_steps.artifact.files import REGISTERED
from pipeline_steps.artifact.reading import read_archive
from pipeline_steps.documents import write_json
from pipeline_steps.errors import ArgumentError
from pipeline_steps.gates.accepted_difference import REGISTERED_DIFFERENCE, AcceptedDifference
from pipeline_steps.gates.contract_gate import check_contract
from pipeline_steps.gates.expected_differences import expected_limits
from pipeline_steps.gates.recent_requests import RecentRequests, bucket_files, folder_files, newest_requests
from pipeline_steps.gates.replay_gate import compare_replay
from pipeline_steps.gates.results import ReplayLimits, ReplayResult, document, message
from pipeline_steps.paths import Paths

_ARCHIVE = "model.tar.gz"


def parser() -> StepParser:
    """The command line of `replay`."""
    made = StepParser("replay")
    made.add_argument("--captures", default="", help="where data capture writes, s3://bucket/prefix/")
    made.add_argument("--max-requests", type=whole, required=True)
    made.add_argument("--min-requests", type=whole, required=True)
    made.add_argument("--max-error-percent", type=percentage, required=True)
    made.add_argument("--max-disagreement-percent", type=percentage)
    made.add_argument("--max-score-psi", type=positive)
    made.add_argument("--max-mean-difference", type=share)
    made.add_argument("--max-segment-difference", type=share)
    made.add_argument("--max-latency-ratio", type=positive, required=True)
    made.add_argument("--latency-floor-ms", type=positive, required=True)
    made.add_argument("--min-segment-rows", type=whole, required=True)
    made.add_argument("--segment", action="append", default=[], metavar="COLUMN")
    made.add_argument("--accept-contract-change", default="", help="the code of the one change that is accepted")
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step: it succeeds whatever the gates decide."""
    arguments = parser().parse_args(argv)
    if arguments.min_requests > arguments.max_requests:
        raise ArgumentError(
            f"--min-requests must be at most --max-requests {arguments.max_requests}, got {arguments.min_requests}"
        )
    before = paths.processing_input("champion") / _ARCHIVE
    champion = read_archive(before) if before.exists() else None
    accepted = AcceptedDifference.from_text(os.environ.get(REGISTERED_DIFFERENCE, ""))
    for name, limit in expected_limits(champion, accepted).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, limit)
    limits = from_arguments(ReplayLimits, arguments, segments=tuple(arguments.segment))
    contract, candidate = check_contract(
        paths.processing_input("candidate") / _ARCHIVE,
        champion,
        registered=os.environ.get(REGISTERED, ""),
        accepted=arguments.accept_contract_change,
    )
    if contract.reasons or candidate is None:
        replayed = ReplayResult(0, not_compared="the contract gate refused the candidate")
    elif champion is None:
        replayed = ReplayResult(0, not_compared="there is no champion to compare with")
    elif contract.accepted:
        replayed = ReplayResult(0, not_compared=f"change {contract.change} of the contract is accepted")
    else:
        captures = _captures(arguments, paths)
        replayed = compare_replay(captures, champion=champion, candidate=candidate, limits=limits)
    write_json(paths.processing_output("replay") / "replay.json", document(contract, replayed, limits))
    paths.write_message(message(contract, replayed))


def _captures(arguments: argparse.Namespace, paths: Paths) -> RecentRequests:
    return newest_requests(_capture_files(arguments.captures, paths), limit=arguments.max_requests)


def _capture_files(uri: str, paths: Paths) -> Iterator[bytes]:
    """The job's own input, or else the bucket: SageMaker fails a job whose input prefix has no object yet."""
    folder = paths.processing_input("capture")
    if folder.is_dir() or not uri:
        return folder_files(folder)

    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)

    return bucket_files(aws_session().client("s3"), uri)
