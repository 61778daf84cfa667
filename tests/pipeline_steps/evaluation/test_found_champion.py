from dataclasses import replace

import pytest

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.baseline.training_rows import sketch_of
from pipeline_steps.documents import to_json
from pipeline_steps.evaluation.comparison import Table
from pipeline_steps.evaluation.found_champion import TRAINING_ROWS, FoundChampion
from pipeline_steps.tables.prepared import Split
from tests.pipeline_steps.evaluation.tables import table_of, trained


@pytest.fixture(scope="module")
def table() -> Table:
    return table_of("regression")


@pytest.fixture(scope="module")
def champion(table: Table) -> Artifact:
    """A model with the sketch of its training rows."""
    made, train = trained(table), table.splits["train"]
    metrics = made.document("metrics.json")
    metrics[TRAINING_ROWS] = sketch_of(made.contract.encode(train.features), train.target)
    return replace(made, files={**made.files, "metrics.json": to_json(metrics).encode()})


def with_rows_of_training(table: Table, count: int) -> Split:
    """The test split with some of its rows replaced."""
    features, target = table.splits["test"].features.copy(), table.splits["test"].target.copy()
    features.iloc[:count] = table.splits["train"].features.iloc[:count].to_numpy()
    target[:count] = table.splits["train"].target[:count]
    return Split(features.infer_objects(), target)


@pytest.mark.parametrize(("seen", "compared"), [(0, True), (8, True), (9, False), (160, False)])
def test_a_champion_that_was_trained_on_many_of_the_test_rows_is_not_compared(
    table: Table, champion: Artifact, seen: int, *, compared: bool
) -> None:
    found = FoundChampion.of("arn", champion, with_rows_of_training(table, seen))
    assert found.seen_test_rows == seen
    assert (found.artifact is champion) == compared
    words = found.to_document(None)["champion_not_comparable"]
    expected = {"model_package_arn": "arn", "words": f"not comparable: it was trained on {seen} of the 160 test rows"}
    assert words == (None if compared else expected)


def test_of_a_champion_without_a_sketch_nothing_is_known(table: Table) -> None:
    found = FoundChampion.of("arn", trained(table), table.splits["train"])
    assert (found.seen_test_rows, found.artifact is None) == (None, False)
