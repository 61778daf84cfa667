"""evaluate: candidate, baseline and champion on the same untouched test split, and the decision of the gate."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_steps.arguments import StepParser, finite, from_arguments, share
from pipeline_steps.artifact.reading import read_archive
from pipeline_steps.documents import read_json, sha256_of, write_json
from pipeline_steps.errors import DataError
from pipeline_steps.evaluation.model_evaluation import evaluate_model, evaluation_document, score_split
from pipeline_steps.evaluation.quality_gate import GATE_METRICS, QualityGate
from pipeline_steps.paths import Paths
from pipeline_steps.problems.binary.metrics import area_under_roc
from pipeline_steps.problems.binary.value import OutcomeValues
from pipeline_steps.tables.prepared import Split, read_split, read_use_case
from pipeline_steps.tables.split import SPLITS
from pipeline_steps.tables.use_case import UseCase


def parser() -> StepParser:
    """The command line of `evaluate`."""
    made = StepParser("evaluate")
    made.add_argument("--model-package-group", required=True)
    made.add_argument("--metric", choices=GATE_METRICS, required=True)
    made.add_argument("--threshold", type=share, required=True)
    made.add_argument("--min-gain-over-baseline", type=finite, required=True)
    made.add_argument("--max-loss-to-champion", type=finite, required=True)
    made.add_argument("--max-gap", type=finite, required=True)
    made.add_argument("--accuracy-target", type=share, required=True)
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    arguments = parser().parse_args(argv)
    profile = read_json(paths.processing_input("profile") / "profile.json")
    use_case, splits = read_splits(paths, profile)
    values = OutcomeValues(**(use_case.value or {}))
    artifact = read_archive(paths.processing_input("candidate") / "model.tar.gz")
    candidate = evaluate_model(artifact, splits["test"], values, name="candidate")
    linear = read_archive(paths.processing_input("baseline") / "model.tar.gz")
    baseline = evaluate_model(linear, splits["test"], values, name="baseline")
    champion = evaluate_champion(arguments.model_package_group, use_case, splits["test"], values)
    train_auc, validation_auc = (
        area_under_roc(split.target == 1, score_split(artifact, split, name="candidate"))
        for split in (splits["train"], splits["validation"])
    )
    decision = from_arguments(QualityGate, arguments).decide(
        candidate=candidate.metrics.to_document(),
        baseline=baseline.metrics.to_document(),
        champion=champion,
        train_auc=train_auc,
        validation_auc=validation_auc,
    )
    output = paths.processing_output("evaluation")
    document = evaluation_document(candidate, baseline, champion, gate=decision, profile=profile)
    document["model"] = {"sha256": artifact.sha256}  # what an approval is for
    write_json(output / "evaluation.json", document)

    from pipeline_steps.evaluation.plots import draw_confusion_matrix, draw_roc  # noqa: PLC0415 (bad input fails sooner)

    draw_roc(output / "roc.svg", candidate.roc, auc=candidate.metrics.auc)
    draw_confusion_matrix(
        output / "confusion_matrix.svg", candidate.outcomes, positive_label=use_case.positive_label or ""
    )
    sys.stdout.write(f"{decision['metric']} {decision['value']:.4f} on the test split: {decision['reasons']}\n")


def read_splits(paths: Paths, profile: Mapping[str, Any]) -> tuple[UseCase, dict[str, Split]]:
    """Read the three splits.

    Raises:
        DataError: a split is not, byte for byte, the one that `prepare` profiled.
    """
    for name in SPLITS:
        found, expected = sha256_of(paths.processing_input(name) / "data.csv"), profile["sha256"][name]
        if found != expected:
            raise DataError(f"the {name} split must have the profile's sha256 {expected}, got {found}")
    use_case = read_use_case(paths.processing_input("test"))
    return use_case, {name: read_split(paths.processing_input(name), use_case) for name in SPLITS}


def evaluate_champion(group: str, use_case: UseCase, test: Split, values: OutcomeValues) -> dict[str, Any] | None:
    """Fetch and evaluate the champion; None when there is none."""
    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)
    from pipeline_steps.evaluation.champion import find_champion, require_comparable  # noqa: PLC0415

    session = aws_session()
    champion = find_champion(group, sagemaker=session.client("sagemaker"), s3=session.client("s3"))
    if champion is None:
        return None
    require_comparable(champion, use_case)
    found = evaluate_model(champion.artifact, test, values, name=f"champion {champion.model_package_arn}")
    return {**found.to_document(), "model_package_arn": champion.model_package_arn}
