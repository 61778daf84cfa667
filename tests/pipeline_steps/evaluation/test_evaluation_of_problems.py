"""Every problem's models through the whole evaluation, without a process."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.documents import to_json
from pipeline_steps.errors import DataError
from pipeline_steps.evaluation.comparison import choose, compare, comparison_document, direction_of
from pipeline_steps.evaluation.diagnostics import explain, explainability, registry_quality
from pipeline_steps.evaluation.gate import Gate
from pipeline_steps.evaluation.learning_curve import Point
from pipeline_steps.evaluation.model_card import content, model_card
from rehearsal.cloud.sagemaker.model_card_schema import card_error
from tests.pipeline_steps.evaluation.tables import ALGORITHMS, ROWS, table_of, trained

SECTIONS = {
    "binary": ("binary_classification_metrics", {"confusion_matrix", "auc", "f0_5", "precision_recall_curve"}),
    "multiclass": ("multiclass_classification_metrics", {"confusion_matrix", "accuracy", "weighted_f1"}),
    "regression": ("regression_metrics", {"mae", "mse", "rmse", "r2"}),
    "anomaly": ("anomaly_metrics", {"anomalous_share"}),
    "clustering": ("clustering_metrics", {"silhouette", "distance"}),
}


class Case:
    """One problem's candidate, which is its reference too, and what evaluation makes of it."""

    def __init__(self, problem: str) -> None:
        self.table = table_of(problem)
        self.is_unlabelled = problem == "anomaly"
        self.artifact = trained(self.table)
        metric = self.table.use_case.metric
        self.gate = Gate(
            metric=metric,
            direction=direction_of(self.table.problem, metric),
            confidence=0.95,
            threshold=None,
            min_gain_over_naive=0,
            max_loss_to_reference=0,
            max_loss_to_champion=0,
            max_gap=None,
            accuracy_target=None,
            against=self.table.problem.against(self.table.use_case),
        )
        self.models = compare(self.table, self.artifact, self.artifact, self.artifact)

    @cached_property
    def document(self) -> dict[str, Any]:
        found = explain(
            self.table,
            self.artifact,
            self.artifact,
            models=self.models,
            gate=self.gate,
            refit=lambda _: Point(0.9, 0.8),
        )
        return {
            **registry_quality(self.models),
            **comparison_document(self.models, self.gate, gap=found["fit"]["variance"]),
            **found,
            "algorithm": self.artifact.contract.algorithm,
            "choice": choose(self.table, self.artifact, self.artifact).to_document(),
            "champion_seen_test_rows": 3,
            "data": {"rows": ROWS, "sha256": {"test": "0" * 64}},
            "model": {"sha256": self.artifact.sha256},
        }


@pytest.fixture(scope="module", params=list(ALGORITHMS))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_a_model_that_learnt_something_passes_and_every_metric_has_its_interval(case: Case) -> None:
    found = case.document
    json.loads(to_json(found))
    assert (found["gate"]["passed"], found["gate"]["loss_to_champion"]) == (True, 0.0)
    primary = found["primary_metric"]
    assert (primary["name"], primary["direction"]) == (case.gate.metric, case.gate.direction)
    assert primary["low"] < primary["value"] < primary["high"]
    for model in ("candidate", "reference", "naive", "champion"):
        assert found["intervals"][model].keys() == found["metrics"].keys()
    assert found["choice"]["chosen"] == "reference"
    assert [each["rows"] for each in found["learning_curve"]][-1] == ROWS["train"]
    assert {each["column"] for each in found["importance"]["columns"]} == {"height", "width", "colour"}


def test_columns_that_say_nothing_have_no_importance(case: Case) -> None:
    columns = {each["column"]: each for each in case.document["importance"]["columns"]}
    assert columns["colour"]["importance"] < max(columns["height"]["importance"], columns["width"]["importance"])


def test_a_primary_metric_that_does_not_exist_on_the_rows_is_an_error_with_another_one() -> None:
    table = table_of("regression")
    for split in table.splits.values():
        split.target[:] = 0.0
    found = compare(table, trained(table), trained(table), None).candidate
    with pytest.raises(DataError, match=r"mape does not exist on 160 held-out rows: choose another gate\.metric"):
        found.estimate("mape", 0.95)


def test_the_registry_gets_sagemakers_format_with_standard_deviations(case: Case) -> None:
    section, names = SECTIONS[case.table.use_case.problem]
    quality = registry_quality(case.models)
    assert list(quality) == [section]
    assert names <= quality[section].keys()
    for name, found in quality[section].items():
        if isinstance(found, dict) and "value" in found and not name.endswith("best_constant_classifier"):
            assert found["standard_deviation"] > 0, name
    for name, metric in (("silhouette", "silhouette"), ("anomalous_share", "flagged_share")):
        if name in quality[section]:  # the permuted rows beside the table's are none of the model's
            assert quality[section][name]["value"] == pytest.approx(case.models.candidate.metrics[metric])


def test_the_registry_gets_each_columns_importance(case: Case) -> None:
    use_case = case.table.use_case
    report = explainability(case.document["importance"], use_case)
    (of,) = report["explanations"]["permutation"]
    assert of == (use_case.target or use_case.problem)
    assert set(report["explanations"]["permutation"][of]["global_permutation_values"]) == set(use_case.names)


def test_the_card_keeps_the_rules_of_a_model_package_however_large_its_charts_are(case: Case) -> None:
    card = model_card(
        case.document, registry_quality(case.models), case.artifact.document("metrics.json"), case.table.use_case
    )
    assert json.loads(content(card)) == card
    assert card_error(content(card)) is None
    (evaluation,) = card["evaluation_details"]
    names = [group["name"] for group in evaluation["metric_groups"]]
    assert {"candidate", "reference", "naive", "champion", "importance", "learning curve"} <= set(names)
    assert ("coefficients" in names) == (case.artifact.contract.algorithm == "linear")
    against = case.document["against"]
    assert against == ({"auc": "permuted rows", "average_precision": "permuted rows"} if case.is_unlabelled else {})
    first = evaluation["metric_groups"][0]["metric_data"][0]
    assert first["notes"].endswith("; against permuted rows") == case.is_unlabelled
    assert ("auc against permuted rows is " in card["training_details"]["training_observations"]) == case.is_unlabelled
    huge = {"name": "points", "type": "linear_graph", "value": [[0.123, 0.456]] * 9000}
    evaluation["metric_groups"].append({"name": "huge", "metric_data": [huge]})
    shortened = content(card)
    assert len(shortened) < 100_000
    assert [group["name"] for group in json.loads(shortened)["evaluation_details"][0]["metric_groups"]] == names


def test_the_pictures_are_the_same_bytes_each_time_and_survive_any_label(case: Case, tmp_path: Path) -> None:
    report, predicted = case.table.problem.report(), case.models.candidate.predicted
    shown = report.draw(tmp_path / "one", predicted)
    assert report.draw(tmp_path / "two", predicted) == shown
    assert {path.name for path in (tmp_path / "one").iterdir()} == set(shown)
    for name in shown:
        first, second = (tmp_path / folder / name for folder in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()
        assert "<svg" in first.read_text(encoding="utf-8")
