"""evaluate: the best candidate, its references and the champion on one untouched test split, and the gate."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.arguments import StepParser, at_least_zero, finite, from_arguments, share
from pipeline_steps.artifact.reading import Artifact, read_archive
from pipeline_steps.documents import read_json, sha256_of, write_json
from pipeline_steps.errors import DataError
from pipeline_steps.evaluation.comparison import (
    ComparedModels,
    Table,
    choose,
    compare,
    comparison_document,
    direction_of,
)
from pipeline_steps.evaluation.diagnostics import Refit, explain, explainability, registry_quality
from pipeline_steps.evaluation.found_champion import FoundChampion
from pipeline_steps.evaluation.gate import Gate, metric_in_words
from pipeline_steps.evaluation.learning_curve import Point
from pipeline_steps.evaluation.model_card import content, model_card
from pipeline_steps.evaluation.model_evaluation import ModelEvaluation
from pipeline_steps.gates.accepted_difference import AcceptedDifference, accepted_text, measure_difference
from pipeline_steps.paths import Paths
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.rounding import rounded
from pipeline_steps.tables.prepared import Split, read_split, read_use_case
from pipeline_steps.tables.split import SPLITS

_ARCHIVE = "model.tar.gz"
_MODELS = {"tuned": "candidate", "reference": "baseline"}
"""The folders of the trained models among the job's inputs."""


def parser() -> StepParser:
    """The command line of `evaluate`."""
    made = StepParser("evaluate")
    made.add_argument("--model-package-group", required=True)
    made.add_argument("--confidence", type=share, required=True)
    made.add_argument("--threshold", type=finite)
    made.add_argument("--min-gain-over-naive", type=finite, required=True)
    made.add_argument("--max-loss-to-reference", type=finite, required=True)
    made.add_argument("--max-loss-to-champion", type=at_least_zero, required=True)
    made.add_argument("--max-gap", type=finite)
    made.add_argument("--accuracy-target", type=share)
    for model in _MODELS:
        made.add_argument(f"--{model}-job", default="", help="the name of the training job that made it")
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    arguments = parser().parse_args(argv)
    profile = read_json(paths.processing_input("profile") / "profile.json")
    table = read_table(paths, profile)
    gate = _gate(arguments, table)
    archives = {name: paths.processing_input(folder) / _ARCHIVE for name, folder in _MODELS.items()}
    trained = {name: read_archive(archive) for name, archive in archives.items()}
    choice = choose(table, trained["tuned"], trained["reference"])
    candidate, reference = trained[choice.chosen], trained["reference"]
    champion = find_comparable(arguments.model_package_group, table)
    models = compare(table, candidate, reference, champion.artifact)
    explained = explain(table, candidate, reference, models=models, gate=gate, refit=refit_of(table, candidate))
    quality = registry_quality(models)
    document = {
        **quality,
        **comparison_document(models, gate, gap=explained["fit"]["variance"]),
        **explained,
        **champion.to_document(models.champion),
        "champion_difference": accepted_text(accepted_difference(table, models, champion.artifact, gate)),
        "algorithm": candidate.contract.algorithm,
        "hyperparameters": candidate.document("metrics.json")["hyperparameters"],
        "choice": choice.to_document(),
        "data": {"rows": profile["rows"], "sha256": profile["sha256"]},
        # the hash is what an approval is for
        "model": {"sha256": candidate.sha256, "training_job": getattr(arguments, f"{choice.chosen}_job")},
    }
    copy_archive(archives[choice.chosen], paths.processing_output("model") / _ARCHIVE)
    card = model_card(document, quality, candidate.document("metrics.json"), table.use_case)
    write_reports(paths.processing_output("evaluation"), document, card, models.candidate)
    decided = document["gate"]
    sys.stdout.write(f"{gate.name} {rounded(decided['value'])} on the test split: {decided['reasons']}\n")


def _gate(arguments: argparse.Namespace, table: Table) -> Gate:
    metric, problem = table.use_case.metric, table.problem
    return from_arguments(
        Gate,
        arguments,
        metric=metric,
        direction=direction_of(problem, metric),
        against=problem.against(table.use_case),
    )


def read_table(paths: Paths, profile: Mapping[str, Any]) -> Table:
    """Read the three splits.

    Raises:
        DataError: a split is not, byte for byte, the one that `prepare` profiled.
    """
    for name in SPLITS:
        found, expected = sha256_of(paths.processing_input(name) / "data.csv"), profile["sha256"][name]
        if found != expected:
            raise DataError(f"the {name} split must have the profile's sha256 {expected}, got {found}")
    use_case = read_use_case(paths.processing_input("test"))
    splits = {name: read_split(paths.processing_input(name), use_case) for name in SPLITS}
    return Table(use_case, problem_named(use_case.problem), splits)


def find_comparable(group: str, table: Table) -> FoundChampion:
    """Fetch the champion, and say why it cannot be compared where it cannot."""
    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)
    from pipeline_steps.evaluation.champion import differences, find_champion  # noqa: PLC0415

    session = aws_session()
    champion = find_champion(group, sagemaker=session.client("sagemaker"), s3=session.client("s3"))
    if champion is None:
        return FoundChampion()
    if unlike := tuple(differences(champion.artifact.contract, table.use_case)):
        return FoundChampion(champion.model_package_arn, differences=unlike)
    return FoundChampion.of(champion.model_package_arn, champion.artifact, table.splits["test"])


def accepted_difference(
    table: Table, models: ComparedModels, champion: Artifact | None, gate: Gate
) -> AcceptedDifference | None:
    """Measure how the candidate differs from the champion where the gate can accept that: it knows who is right.

    Without a target it knows only where the metric proves the candidate better.
    """
    if champion is None or models.champion is None:
        return None
    gain = models.candidate.advantage(models.champion, gate.metric, gate.confidence)
    if table.use_case.target is None and gain.at_least <= 0:
        return None
    encoded = champion.contract.encode(table.splits["test"].features)
    return measure_difference(champion, encoded, before=models.champion, after=models.candidate)


def refit_of(table: Table, candidate: Artifact) -> Refit | None:
    """Give what fits the candidate's algorithm, with its hyperparameters, on some of the training rows.

    None for a model of the user's own script, which runs in training jobs alone, as their role.
    """
    from pipeline_steps.algorithms.hyperparameters import Hyperparameters  # noqa: PLC0415
    from pipeline_steps.algorithms.registry import REGISTRY  # noqa: PLC0415
    from pipeline_steps.algorithms.training import train_model  # noqa: PLC0415

    document = candidate.document("metrics.json")["hyperparameters"]
    if document["algorithm"] not in REGISTRY:
        return None
    hyperparameters = Hyperparameters.from_document(document)
    use_case, train = replace(table.use_case, folds=0), table.splits["train"]

    def refit(rows: NDArray[np.int64]) -> Point:
        part = Split(train.features.iloc[rows], train.target[rows])
        found = train_model(use_case, part, table.splits["validation"], hyperparameters, log=_no_log)
        return Point(found.train_metrics[use_case.metric], found.validation_metrics[use_case.metric])

    return refit


def write_reports(
    folder: Path, document: Mapping[str, Any], card: Mapping[str, Any], candidate: ModelEvaluation
) -> None:
    """Write what is read afterwards: by people, by the pipeline's conditions, and by the model registry."""
    write_json(folder / "model_card.json", card)
    write_json(folder / "model_card_content.json", {"content": content(card)})  # the pipeline reads texts alone
    use_case = candidate.predicted.use_case
    write_json(folder / "explainability.json", explainability(document["importance"], use_case))
    write_json(folder / "evaluation.json", {**document, "pictures": draw(folder, candidate, document)})


def draw(folder: Path, candidate: ModelEvaluation, document: Mapping[str, Any]) -> dict[str, str]:
    """Draw the problem's pictures and those that every problem has; gives what each shows by its file name."""
    from pipeline_steps.evaluation.pictures import draw_importance, draw_learning_curve  # noqa: PLC0415

    shown = candidate.problem.report().draw(folder, candidate.predicted)
    draw_importance(folder / "importance.svg", document["importance"])
    primary = document["primary_metric"]
    metric = metric_in_words(primary["name"], primary["against"] or "")
    draw_learning_curve(folder / "learning_curve.svg", document["learning_curve"], metric)
    return {
        **shown,
        "importance.svg": "increase of the loss when a column's values are permuted",
        "learning_curve.svg": "primary metric by rows that were fitted",
    }


def copy_archive(source: Path, target: Path) -> None:
    """Copy the candidate's archive as it is: the registry gets the very file that was evaluated."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def _no_log(_: str) -> None:
    """The refits' progress would read like the candidate's."""
