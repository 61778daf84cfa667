"""The champion as far as it can be compared: reported in `evaluation.json`, and never measured on another schema."""

from dataclasses import dataclass
from typing import Any, Self

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.baseline.training_rows import rows_seen
from pipeline_steps.evaluation.model_evaluation import ModelEvaluation
from pipeline_steps.tables.prepared import Split

TRAINING_ROWS = "training_rows"
"""In `metrics.json`: the sketch of the rows that the model was fitted on."""

_MOST_SEEN = 0.05
"""Of the test rows: what so few contribute to a metric is within its interval."""


@dataclass(frozen=True)
class FoundChampion:
    """What the registry has.

    Attributes:
        model_package_arn: of the champion; empty where there is none.
        artifact: what it is measured by; None where it cannot be compared.
        differences: why it cannot.
        seen_test_rows: how many of the test rows it was fitted on; None where that is not known.
    """

    model_package_arn: str = ""
    artifact: Artifact | None = None
    differences: tuple[str, ...] = ()
    seen_test_rows: int | None = None

    @classmethod
    def of(cls, model_package_arn: str, artifact: Artifact, test: Split) -> Self:
        """Take a champion that reads the table, unless it has learnt from too many of the test rows.

        It would look better on them than it is, and refuse better candidates. That happens when rows go to other
        splits: after a change of `[data.split]`, or of the columns where rows are split by their content.
        """
        seen = seen_test_rows(artifact, test)
        if seen is not None and seen > _MOST_SEEN * len(test):
            why = f"it was trained on {seen:,} of the {len(test):,} test rows"
            return cls(model_package_arn, differences=(why,), seen_test_rows=seen)
        return cls(model_package_arn, artifact, seen_test_rows=seen)

    def to_document(self, measured: ModelEvaluation | None) -> dict[str, Any]:
        """Its part of `evaluation.json`; `measured` is on the test rows."""
        arn, why = self.model_package_arn, "; ".join(self.differences)
        return {
            "champion": None if measured is None else {**measured.to_document(), "model_package_arn": arn},
            "champion_not_comparable": {"model_package_arn": arn, "words": f"not comparable: {why}"} if why else None,
            "champion_seen_test_rows": self.seen_test_rows,
        }


def seen_test_rows(champion: Artifact, test: Split) -> int | None:
    """Count the test rows that the champion was fitted on, by its sketch of them; None where it has none."""
    sketch = champion.document("metrics.json").get(TRAINING_ROWS)
    return None if sketch is None else rows_seen(sketch, champion.contract.encode(test.features), test.target)
