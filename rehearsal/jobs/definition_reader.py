"""Read a pipeline definition, and find everything that is wrong with it before anything of it runs."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from rehearsal.jobs.caching import CACHEABLE_TYPES, parse_duration
from rehearsal.jobs.condition_step import errors
from rehearsal.jobs.definition import (
    STEP_TYPES,
    VERSION,
    Branch,
    Definition,
    DefinitionError,
    PropertyFile,
    Step,
)
from rehearsal.jobs.definition_checks import cycle, wrong_references
from rehearsal.jobs.expressions import PropertyFileReference, Reference, UnresolvedError, references
from rehearsal.jobs.pipeline_parameters import PipelineParameter, parse_parameter
from rehearsal.jobs.retries import parse_retry_policy

_STEP_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_definition(document: str | Mapping[str, Any]) -> Definition:
    """Read the document that CreatePipeline got.

    Raises:
        DefinitionError: every error found, a line each.
    """
    return _Reader().read(_parsed(document))


def _parsed(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except json.JSONDecodeError as exc:
            raise DefinitionError(f"pipeline definition must be JSON: {exc}") from exc
    if not isinstance(document, Mapping):
        raise DefinitionError(f"pipeline definition must be a JSON object, got a {type(document).__name__}")
    if document.get("Version") != VERSION:
        raise DefinitionError(f"Version of a pipeline definition must be {VERSION}, got {document.get('Version')}")
    if not isinstance(document.get("Steps"), list) or not document["Steps"]:
        raise DefinitionError("Steps of a pipeline definition must be a list of at least one step")
    return document


class _Reader:
    def __init__(self) -> None:
        self._errors: list[str] = []
        self._steps: list[Step] = []
        self._references: dict[str, list[Reference | PropertyFileReference]] = {}

    def read(self, document: Mapping[str, Any]) -> Definition:
        parameters = self._read_parameters(document.get("Parameters", ()))
        self._read_steps(document["Steps"], branch=None)
        steps = {step.name: step for step in self._steps}
        counts = Counter(step.name for step in self._steps)
        self._errors += [f"step names must be unique, got {name} {n} times" for name, n in counts.items() if n > 1]
        for step in self._steps:
            self._errors += wrong_references(step, self._references[step.name], steps, parameters)
        self._errors += cycle(steps)
        if self._errors:
            raise DefinitionError("\n".join(dict.fromkeys(self._errors)))
        return Definition(parameters, steps, document.get("PipelineExperimentConfig"))

    def _read_parameters(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, PipelineParameter]:
        found: dict[str, PipelineParameter] = {}
        for row in rows:
            try:
                parameter = parse_parameter(row)
            except ValueError as exc:
                self._errors.append(str(exc))
            else:
                found[parameter.name] = parameter
        return found

    def _read_steps(self, rows: Any, branch: Branch | None) -> None:
        if not isinstance(rows, list):
            self._errors.append(f"steps must be a list, got {rows}")
            return
        for raw in rows:
            if not isinstance(raw, Mapping) or not _STEP_NAME.fullmatch(str(raw.get("Name", ""))):
                self._errors.append(f"step must have a Name of letters, digits, - and _, got {raw}"[:300])
            elif raw.get("Type") not in STEP_TYPES:
                allowed = ", ".join(STEP_TYPES)
                self._errors.append(f"type of step {raw['Name']} must be one of {allowed}, got {raw.get('Type')}")
            elif not isinstance(raw.get("Arguments"), Mapping):
                self._errors.append(f"step {raw['Name']} must have Arguments")
            else:
                self._read_step(raw, branch)

    def _read_step(self, raw: Mapping[str, Any], branch: Branch | None) -> None:
        name: str = raw["Name"]
        arguments: Mapping[str, Any] = raw["Arguments"]
        own = arguments if raw["Type"] != "Condition" else arguments.get("Conditions", ())
        try:
            self._references[name] = list(references(own))
            self._steps.append(self._step(raw, branch))
        except (ValueError, TypeError, KeyError, UnresolvedError) as exc:
            self._errors.append(f"step {name}: {exc}")
        if raw["Type"] == "Condition":
            conditions = arguments.get("Conditions") or [None]
            self._errors += [f"step {name}: {text}" for each in conditions for text in errors(each)]
            self._read_steps(arguments.get("IfSteps", []), Branch(name, outcome=True))
            self._read_steps(arguments.get("ElseSteps", []), Branch(name, outcome=False))

    def _step(self, raw: Mapping[str, Any], branch: Branch | None) -> Step:
        needs = {_name_of(each) for each in raw.get("DependsOn", ())}
        needs |= {each.step for each in self._references[raw["Name"]] if isinstance(each, PropertyFileReference)}
        needs |= {
            str(each.path[1])
            for each in self._references[raw["Name"]]
            if isinstance(each, Reference) and each.path[0] == "Steps" and len(each.path) > 1
        }
        if branch:
            needs.add(branch.condition)
        return Step(
            name=raw["Name"],
            type=raw["Type"],
            arguments=raw["Arguments"],
            needs=frozenset(needs),
            branch=branch,
            property_files={
                each["PropertyFileName"]: PropertyFile(each["OutputName"], each["FilePath"])
                for each in raw.get("PropertyFiles", ())
            },
            retry_policies=tuple(parse_retry_policy(each) for each in raw.get("RetryPolicies", ())),
            cache_max_age=_cache_max_age(raw),
            display_name=raw.get("DisplayName"),
            description=raw.get("Description"),
        )


def _name_of(dependency: str) -> str:
    return dependency.removeprefix("Steps.")


def _cache_max_age(raw: Mapping[str, Any]) -> timedelta | None:
    config = raw.get("CacheConfig", {})
    if not config.get("Enabled", False):
        return None
    if raw["Type"] not in CACHEABLE_TYPES:
        raise ValueError(f"CacheConfig is for steps of type {', '.join(CACHEABLE_TYPES)}, got {raw['Type']}")
    return parse_duration(config["ExpireAfter"])
