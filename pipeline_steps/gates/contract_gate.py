"""The contract gate: the candidate by itself, and beside the champion."""

from pathlib import Path

from pipeline_steps.artifact.archive import IncompleteError, Model, read_model
from pipeline_steps.gates.artifact_errors import unsound
from pipeline_steps.gates.compatibility import compare
from pipeline_steps.gates.results import ContractVerdict


def judge_contract(
    candidate: Path, champion: Model | None, *, registered: str = ""
) -> tuple[ContractVerdict, Model | None]:
    """Judge the candidate's archive by itself and against the champion; gives the candidate if it can be read.

    `registered` is the sha256 of the model that was evaluated and registered. What is approved is that one: other
    files at its place are refused. Empty, the package notes none.
    """
    try:
        model = read_model(candidate)
    except IncompleteError as exc:
        return ContractVerdict((str(exc),)), None
    if registered and model.sha256 != registered:
        reason = f"the artifact must be the one that was registered, sha256 {registered}, got {model.sha256}"
        return ContractVerdict((reason,)), None
    reasons = tuple(unsound(model))
    if champion is None:
        return ContractVerdict(reasons), model
    outputs = tuple(found.documents["contract.json"]["output"] for found in (champion, model))
    found = compare(champion.contract, model.contract, outputs=(outputs[0], outputs[1]))
    return ContractVerdict(found.reasons + reasons, found.notes), model
