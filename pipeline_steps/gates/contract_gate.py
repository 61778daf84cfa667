"""The contract gate: the candidate by itself, and beside the champion."""

from pathlib import Path

from pipeline_steps.gates.compatibility import compare
from pipeline_steps.gates.model import IncompleteError, Model, read_model
from pipeline_steps.gates.soundness import unsound
from pipeline_steps.gates.verdict import ContractVerdict


def judge_contract(candidate: Path, champion: Model | None) -> tuple[ContractVerdict, Model | None]:
    """Judge the candidate's archive by itself and against the champion; gives the candidate if it can be read."""
    try:
        model = read_model(candidate)
    except IncompleteError as exc:
        return ContractVerdict((str(exc),)), None
    reasons = tuple(unsound(model))
    if champion is None:
        return ContractVerdict(reasons), model
    outputs = tuple(found.documents["contract.json"]["output"] for found in (champion, model))
    found = compare(champion.contract, model.contract, outputs=(outputs[0], outputs[1]))
    return ContractVerdict(found.reasons + reasons, found.notes), model
