from typing import Any

import pytest

from rehearsal.journey.tuning_progress import progress_text

JOB = {
    "TrainingJobStatusCounters": {"Completed": 3, "InProgress": 2, "Stopped": 1},
    "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxParallelTrainingJobs": 2}},
}
BEST = {"FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "validation:auc", "Value": 0.912345}}


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "4 trials ended"),
        (
            {"HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 12}}},
            "4 of 12 trials ended",
        ),
        ({"BestTrainingJob": BEST}, "4 trials ended, best validation:auc 0.9123"),
    ],
)
def test_a_search_says_how_many_trials_have_ended_and_which_value_is_best(more: dict[str, Any], text: str) -> None:
    assert progress_text(JOB | more) == text
