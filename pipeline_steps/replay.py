"""replay: whether a candidate keeps the champion's contract, and how it scores recent requests of users."""

import argparse
import os
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from pipeline_steps.arguments import StepParser, from_arguments, percentage, positive, share, whole
from pipeline_steps.artifact.files import REGISTERED
from pipeline_steps.artifact.reading import FOLLOWED_BY_ITS_LIKE, Artifact, ArtifactError, read_archive
from pipeline_steps.documents import write_json
from pipeline_steps.errors import ArgumentError
from pipeline_steps.gates.accepted_difference import REGISTERED_DIFFERENCE, AcceptedDifference
from pipeline_steps.gates.contract_gate import check_contract
from pipeline_steps.gates.expected_differences import expected_limits
from pipeline_steps.gates.gate_results import ContractResult, ReplayLimits, ReplayResult, document, message
from pipeline_steps.gates.own_output import OwnOutput
from pipeline_steps.gates.own_servers import compare_own_servers
from pipeline_steps.gates.recent_requests import RecentRequests, bucket_files, folder_files, newest_requests
from pipeline_steps.gates.replay_gate import compare_replay
from pipeline_steps.gates.score_proof import ScoreProof
from pipeline_steps.gates.split_rows import REGISTERED_ROWS, rows_as_requests, split_table
from pipeline_steps.paths import Paths

_ARCHIVE = "model.tar.gz"
_REFUSED = "the contract gate refused the candidate"
_NO_CHAMPION = "there is no champion to compare with"


def parser() -> StepParser:
    """The command line of `replay`."""
    made = StepParser("replay")
    made.add_argument("--captures", default="", help="where data capture writes, s3://bucket/prefix/")
    made.add_argument("--test-rows", action="store_true", help="send rows of the test split: nothing is captured")
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
    made.add_argument("--own-model", action="store_true", help="nothing of Slipway's reads the model's files")
    made.add_argument("--output-pointer", help="where an answer of the user's own server has the number, in JSON")
    made.add_argument("--output-column", type=int, help="the same in CSV, counted from 0")
    made.add_argument("--endpoint", default="", help="the one whose variants are such servers of both models")
    made.add_argument("--score-limit", type=share, help="what the canary tolerates, where it compares scores")
    made.add_argument("--proof-error", type=share, default=0.05, help="how often a worse one may be proven")
    made.add_argument("--accept-contract-change", default="", help="the code of the one change that is accepted")
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step: it succeeds whatever the gates decide."""
    arguments = parser().parse_args(argv)
    if arguments.min_requests > arguments.max_requests:
        raise ArgumentError(
            f"--min-requests must be at most --max-requests {arguments.max_requests}, got {arguments.min_requests}"
        )
    if arguments.output_pointer is not None or arguments.output_column is not None:
        contract, replayed, limits = _of_own_servers(arguments, paths)
    else:
        contract, replayed, limits = _of_slipways_server(arguments, paths)
    write_json(paths.processing_output("replay") / "replay.json", document(contract, replayed, limits))
    paths.write_message(message(contract, replayed))


def _of_own_servers(arguments: argparse.Namespace, paths: Paths) -> tuple[ContractResult, ReplayResult, ReplayLimits]:
    """Compare the servers of an endpoint; the contract of a model that Slipway's training made is checked too."""
    champion = None if arguments.own_model else _champion(paths)
    _fill_limits(arguments, champion)
    limits = from_arguments(ReplayLimits, arguments, segments=())
    contract = ContractResult(()) if arguments.own_model else _contract(arguments, paths, champion)[0]
    if contract.reasons:
        return contract, ReplayResult(0, not_compared=_REFUSED), limits
    if contract.accepted:
        return contract, ReplayResult(0, not_compared=_accepted(contract)), limits
    if not arguments.endpoint:
        return contract, ReplayResult(0, not_compared=_NO_CHAMPION), limits

    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)

    replayed = compare_own_servers(
        _captures(arguments, paths),
        runtime=aws_session().client("sagemaker-runtime"),
        endpoint=arguments.endpoint,
        output=OwnOutput(arguments.output_pointer, arguments.output_column),
        limits=limits,
        proof=_proof(arguments),
    )
    return contract, replayed, limits


def _of_slipways_server(
    arguments: argparse.Namespace, paths: Paths
) -> tuple[ContractResult, ReplayResult, ReplayLimits]:
    """Serve both models here."""
    champion = _champion(paths)
    _fill_limits(arguments, champion)
    limits = from_arguments(ReplayLimits, arguments, segments=tuple(arguments.segment))
    contract, candidate = _contract(arguments, paths, champion)
    if contract.reasons or candidate is None:
        replayed = ReplayResult(0, not_compared=_REFUSED)
    elif champion is None:
        replayed = ReplayResult(0, not_compared=_NO_CHAMPION)
    elif contract.accepted:
        replayed = ReplayResult(0, not_compared=_accepted(contract))
    else:
        requests = _requests(arguments, paths, champion)
        # What the canary tolerates is of users' requests: rows of the test split prove nothing about those.
        proof = None if arguments.test_rows else _proof(arguments)
        replayed = compare_replay(requests, champion=champion, candidate=candidate, limits=limits, proof=proof)
    return contract, replayed, limits


def _proof(arguments: argparse.Namespace) -> ScoreProof | None:
    return ScoreProof(arguments.score_limit, arguments.proof_error) if arguments.score_limit else None


def _accepted(contract: ContractResult) -> str:
    return f"change {contract.change} of the contract is accepted"


def _fill_limits(arguments: argparse.Namespace, champion: Artifact | None) -> None:
    """Give the limits that the settings leave open."""
    accepted = AcceptedDifference.from_text(os.environ.get(REGISTERED_DIFFERENCE, ""))
    for name, limit in expected_limits(champion, accepted).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, limit)


def _champion(paths: Paths) -> Artifact | None:
    before = paths.processing_input("champion") / _ARCHIVE
    try:
        return read_archive(before) if before.exists() else None
    except ArtifactError as exc:
        raise ArtifactError(
            f"the champion must be a model that Slipway can read: {exc}. {FOLLOWED_BY_ITS_LIKE}"
        ) from exc


def _contract(
    arguments: argparse.Namespace, paths: Paths, champion: Artifact | None
) -> tuple[ContractResult, Artifact | None]:
    return check_contract(
        paths.processing_input("candidate") / _ARCHIVE,
        champion,
        registered=os.environ.get(REGISTERED, ""),
        accepted=arguments.accept_contract_change,
    )


def _requests(arguments: argparse.Namespace, paths: Paths, champion: Artifact) -> RecentRequests:
    if not arguments.test_rows:
        return _captures(arguments, paths)
    own = urlsplit(arguments.captures).netloc
    table = split_table(paths.processing_input("test_rows"), os.environ.get(REGISTERED_ROWS, ""), bucket=own)
    return rows_as_requests(table, champion.contract, limit=arguments.max_requests)


def _captures(arguments: argparse.Namespace, paths: Paths) -> RecentRequests:
    return newest_requests(_capture_files(arguments.captures, paths), limit=arguments.max_requests)


def _capture_files(uri: str, paths: Paths) -> Iterator[bytes]:
    """The job's own input, or else the bucket: SageMaker fails a job whose input prefix has no object yet."""
    folder = paths.processing_input("capture")
    if folder.is_dir() or not uri:
        return folder_files(folder)

    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)

    return bucket_files(aws_session().client("s3"), uri)
