"""Candidate, reference, naive reference and champion beside each other on the test rows: `evaluation.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.evaluation.candidate_choice import Advantage, ChosenCandidate, choose_candidate
from pipeline_steps.evaluation.gate import Gate, Measured, metric_in_words
from pipeline_steps.evaluation.model_evaluation import ComparedRows, ModelEvaluation, evaluate_model, evaluate_naive
from pipeline_steps.problems.problem import VALUE_METRIC, Direction, Problem
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import UseCase

Part = Literal["train", "validation"]


@dataclass(frozen=True)
class Table:
    """The use case with its three splits."""

    use_case: UseCase
    problem: Problem
    splits: Mapping[str, Split]

    def rows(self, split: str) -> ComparedRows:
        return ComparedRows.of(self.splits[split], self.problem, self.use_case)


@dataclass(frozen=True)
class ComparedModels:
    """The models on the test rows; there may be no champion that can be compared."""

    candidate: ModelEvaluation
    reference: ModelEvaluation
    naive: ModelEvaluation
    champion: ModelEvaluation | None

    def intervals(self, confidence: float) -> dict[str, Any]:
        """Every metric of every model with its interval."""
        found = {"candidate": self.candidate, "reference": self.reference, "naive": self.naive}
        if self.champion is not None:
            found["champion"] = self.champion
        return {name: model.intervals(confidence) for name, model in found.items()}


def choose(table: Table, tuned: Artifact, reference: Artifact) -> ChosenCandidate:
    """Choose the candidate by the primary metric on validation rows, or on the folds where there were any."""
    metric, problem = table.use_case.metric, table.problem
    named = metric_in_words(metric, problem.against(table.use_case))
    first, second = (of_folds(artifact, metric, "validation") for artifact in (tuned, reference))
    if len(first) == len(second) > 1:
        return choose_candidate(named, Advantage.of_folds(first, second, direction_of(problem, metric)))
    rows = table.rows("validation")
    first_model, second_model = (
        evaluate_model(artifact, rows, table.use_case, name=name)
        for artifact, name in ((tuned, "tuned model"), (reference, "reference"))
    )
    found = first_model.advantage(second_model, metric, 0.95)
    return choose_candidate(named, Advantage(found.value, found.deviation, "the validation rows"))


def of_folds(artifact: Artifact, metric: str, part: Part) -> list[float]:
    """Read a metric of each fold of the artifact's cross-validation; none where it is undefined in one, or was none."""
    folds = artifact.document("metrics.json").get("folds", [])
    found = [fold[part][metric] for fold in folds if metric in fold[part]]
    return found if len(found) == len(folds) else []


def compare(table: Table, candidate: Artifact, reference: Artifact, champion: Artifact | None) -> ComparedModels:
    """Evaluate all models on the test rows."""
    rows, use_case = table.rows("test"), table.use_case
    found = evaluate_model(candidate, rows, use_case, name="candidate")
    same = candidate.sha256 == reference.sha256
    return ComparedModels(
        candidate=found,
        reference=found if same else evaluate_model(reference, rows, use_case, name="reference"),
        naive=evaluate_naive(table.problem, table.splits["train"].target, found, use_case),
        champion=None if champion is None else evaluate_model(champion, rows, use_case, name="champion"),
    )


def measure_for_gate(models: ComparedModels, gate: Gate, *, gap: float) -> Measured:
    """Give what the gate compares."""
    metric, confidence, candidate, champion = gate.metric, gate.confidence, models.candidate, models.champion
    # A threshold that serves another aim, such as accuracy, has a lower value or a higher one by chance.
    by_value = candidate.predicted.use_case.decision.get("maximise") in (None, "value")
    priced = champion is not None and VALUE_METRIC in candidate.metrics and VALUE_METRIC in champion.metrics
    return Measured(
        metric=candidate.estimate(metric, confidence),
        naive=models.naive.known(metric),
        reference=models.reference.known(metric),
        gain_over_naive=candidate.advantage(models.naive, metric, confidence),
        loss_to_reference=models.reference.advantage(candidate, metric, confidence),
        gap=gap,
        champion=None if champion is None else champion.metrics[metric],
        loss_to_champion=None if champion is None else champion.advantage(candidate, metric, confidence),
        value_loss_to_champion=champion.advantage(candidate, VALUE_METRIC, confidence)
        if champion is not None and priced and by_value
        else None,
        accuracy=candidate.metrics.get("accuracy"),
    )


def comparison_document(models: ComparedModels, gate: Gate, *, gap: float) -> dict[str, Any]:
    """Give the part of `evaluation.json` that the models' numbers make, the gate's decision with it."""
    candidate, estimate = models.candidate, models.candidate.estimate(gate.metric, gate.confidence)
    shown = candidate.predicted
    against = candidate.problem.against(shown.use_case)
    return {
        "problem": candidate.problem.name,
        "primary_metric": {
            "name": gate.metric,
            "direction": gate.direction,
            "against": gate.against or None,
            **estimate.to_document(),
        },
        "against": dict.fromkeys(candidate.problem.metrics, against) if against else {},
        "metrics": candidate.metrics,
        "value": candidate.value,
        "baseline": models.reference.to_document(),
        "naive": models.naive.to_document(),
        "intervals": models.intervals(gate.confidence),
        "gate": gate.decide(measure_for_gate(models, gate, gap=gap)),
        "decision": {
            "chosen": dict(shown.decision),
            "curve": candidate.problem.decision_curve(shown.target, shown.outputs, shown.use_case),
        },
    }


def direction_of(problem: Problem, metric: str) -> Direction:
    """Whether more or less of the metric is better; of value, more is."""
    return problem.metrics.get(metric, "maximize")
