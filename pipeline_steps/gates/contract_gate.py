"""The contract gate: the candidate by itself, and beside the champion."""

from pathlib import Path

from pipeline_steps.artifact.reading import Artifact, ArtifactError, read_archive
from pipeline_steps.gates.artifact_errors import artifact_errors
from pipeline_steps.gates.compatibility import compare
from pipeline_steps.gates.gate_results import ContractResult


def check_contract(
    candidate: Path, champion: Artifact | None, *, registered: str = "", accepted: str = ""
) -> tuple[ContractResult, Artifact | None]:
    """Check the candidate's archive by itself and against the champion; gives the candidate if it can be read.

    `registered` is the sha256 of the model that was evaluated and registered. That one is approved: other files
    in its place are refused. Empty, the package has none. `accepted` is the code of a change of the contract that
    callers are ready for: what it breaks refuses nothing, in exactly this change.
    """
    try:
        model = read_archive(candidate)
    except ArtifactError as exc:
        return ContractResult((str(exc),)), None
    if registered and model.sha256 != registered:
        reason = f"the artifact must be the one that was registered, sha256 {registered}, got {model.sha256}"
        return ContractResult((reason,)), None
    reasons = tuple(artifact_errors(model))
    if champion is None:
        return ContractResult(reasons), model
    outputs = tuple(found.document("contract.json")["output"] for found in (champion, model))
    found = compare(champion.contract, model.contract, outputs=(outputs[0], outputs[1]))
    if not found.reasons:
        return ContractResult(reasons, found.notes), model
    if found.change == accepted:
        return ContractResult(reasons, found.reasons + found.notes, change=found.change, accepted=True), model
    return ContractResult(found.reasons + reasons, found.notes, change=found.change), model
