"""The pipeline definition, version 2020-12-01, and its checks before SageMaker gets it."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from slipway.training.references import EXECUTION_ID, PIPELINE_NAME, Parameter, encode
from slipway.training.step import Step

_EXPERIMENT = {"ExperimentName": PIPELINE_NAME, "TrialName": EXECUTION_ID}
_STEP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def pipeline_document(
    parameters: Sequence[Parameter], steps: Sequence[Step], *, has_experiment: bool = False
) -> dict[str, Any]:
    """The definition of `steps`, each listed after the steps it takes values from.

    With `has_experiment`, SageMaker records each execution as a trial of the experiment that has the pipeline's name.

    Raises:
        ValueError: a name is used twice or is not allowed, or a reference points at nothing.
    """
    written = [step.definition() for step in steps]
    _check_steps(written, {parameter.name for parameter in parameters}, set(), set())
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": [parameter.declaration() for parameter in parameters],
        "PipelineExperimentConfig": encode(_EXPERIMENT) if has_experiment else None,
        "Steps": written,
    }


def to_json(document: dict[str, Any]) -> str:
    """The text SageMaker takes; the same document gives the same text."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def _check_steps(steps: list[dict[str, Any]], parameters: set[str], files: set[str], taken: set[str]) -> None:
    """Check `steps` one by one; `taken` (names) and `files` (property files) have what earlier steps offer."""
    for step in steps:
        name, arguments = step["Name"], dict(step["Arguments"])
        branches = [arguments.pop("IfSteps", []), arguments.pop("ElseSteps", [])]
        if not _STEP_NAME.fullmatch(name):
            raise ValueError(f"step name must be 1..64 letters, digits, _ or -, got {name!r}")
        if name in taken:
            raise ValueError(f"step names must differ, got {name} twice")
        for path in [*_paths(arguments), *(f"Steps.{earlier}" for earlier in step.get("DependsOn", []))]:
            _check_path(path, name, parameters, files, taken)
        taken.add(name)
        files.update(f"Steps.{name}.PropertyFiles.{file['PropertyFileName']}" for file in step.get("PropertyFiles", []))
        seen = set(taken)
        for branch in branches:
            within = set(seen)
            _check_steps(branch, parameters, set(files), within)
            if both := sorted((taken - seen) & (within - seen)):
                raise ValueError(f"step names must differ, got {both[0]} twice")
            taken |= within


def _check_path(path: str, step: str, parameters: set[str], files: set[str], taken: set[str]) -> None:
    kind, _, rest = path.partition(".")
    target = rest.partition(".")[0]
    if kind == "Parameters" and target not in parameters:
        raise ValueError(f"step {step} must take a declared parameter, got {target}")
    if kind == "Steps" and target not in taken:
        raise ValueError(f"step {step} must take values from steps listed before it, got {target}")
    if ".PropertyFiles." in path and path not in files:
        raise ValueError(f"step {step} must take a declared property file, got {path}")


def _paths(node: Any) -> Iterator[str]:
    """Every path that a `Get` inside `node` names."""
    if isinstance(node, dict):
        if isinstance(path := node.get("Get"), str) and len(node) == 1:
            yield path
        for item in node.values():
            yield from _paths(item)
    elif isinstance(node, list):
        for item in node:
            yield from _paths(item)
