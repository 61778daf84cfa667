"""Where SageMaker's SDK may write a definition otherwise than we do: each rule with its reason."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]
Rule = Callable[[Document, Document], None]
"""Changes the SDK's definition in place; the second is that definition as the SDK wrote it."""


def mlflow_is_left_out_when_it_is_off(document: Document, _: Document) -> None:
    """A member newer than the definition's schema; null says what leaving it out says."""
    if "MlflowConfig" in document and document["MlflowConfig"] is None:
        del document["MlflowConfig"]


def artifacts_are_gzipped_by_default(document: Document, _: Document) -> None:
    """OutputDataConfig.CompressionType: GZIP is the API's default."""
    for arguments in _arguments(document):
        for job in (arguments, arguments.get("TrainingJobDefinition", {})):
            if job.get("OutputDataConfig", {}).get("CompressionType") == "GZIP":
                del job["OutputDataConfig"]["CompressionType"]


def models_are_validated_by_default(document: Document, _: Document) -> None:
    """SkipModelValidation: the text "None" is the API's default."""
    for arguments in _arguments(document):
        if arguments.get("SkipModelValidation") == "None":
            del arguments["SkipModelValidation"]


def a_processing_job_has_a_network_by_default(document: Document, _: Document) -> None:
    """NetworkConfig.EnableNetworkIsolation: false is the API's default."""
    for arguments in _arguments(document):
        if arguments.get("NetworkConfig", {}).get("EnableNetworkIsolation") is False:
            del arguments["NetworkConfig"]["EnableNetworkIsolation"]


def the_seed_zero_is_a_seed(document: Document, _: Document) -> None:
    """The SDK's tuner takes the seed 0 for none (`if self.random_seed`), and every run is then another one."""
    for arguments in _arguments(document):
        if config := arguments.get("HyperParameterTuningJobConfig"):
            config.setdefault("RandomSeed", 0)


def a_tuned_job_is_as_isolated_and_encrypted_as_a_single_one(document: Document, whole: Document) -> None:
    """The SDK's tuner loses two things that its trainer was given: no network, and the volume's key.

    They are taken from the SDK's own training step, whose trainer is made by the same function.
    """
    single = next(arguments for arguments in _arguments(whole) if "HyperParameters" in arguments)
    for arguments in _arguments(document):
        if job := arguments.get("TrainingJobDefinition"):
            job.setdefault("EnableNetworkIsolation", single["EnableNetworkIsolation"])
            job["ResourceConfig"].setdefault("VolumeKmsKeyId", single["ResourceConfig"]["VolumeKmsKeyId"])


RULES: tuple[Rule, ...] = (
    mlflow_is_left_out_when_it_is_off,
    artifacts_are_gzipped_by_default,
    models_are_validated_by_default,
    a_processing_job_has_a_network_by_default,
    the_seed_zero_is_a_seed,
    a_tuned_job_is_as_isolated_and_encrypted_as_a_single_one,
)


def normalised(document: Document) -> Document:
    """The SDK's document after every rule."""
    changed = copy.deepcopy(document)
    for rule in RULES:
        rule(changed, document)
    return changed


def leaves(node: Any, path: str = "") -> dict[str, str]:
    """Every value by its path, as JSON text: 1, 1.0 and true are three values, and order counts in lists alone."""
    if isinstance(node, dict) and node:
        found = ((f"{path}.{key}" if path else key, value) for key, value in node.items())
    elif isinstance(node, list) and node:
        found = ((f"{path}[{index}]", value) for index, value in enumerate(node))
    else:
        return {path: json.dumps(node)}
    return {key: text for below, value in found for key, text in leaves(value, below).items()}


def _arguments(document: Document) -> Iterator[Document]:
    steps = list(document["Steps"])
    while steps:
        arguments = steps.pop(0)["Arguments"]
        steps += arguments.get("IfSteps", []) + arguments.get("ElseSteps", [])
        yield arguments
