import pytest

from pipeline_steps.evaluation.candidate_choice import Advantage, choose_candidate


@pytest.mark.parametrize(
    ("better", "chosen"), [(0.03, "tuned"), (0.01, "reference"), (0.0, "reference"), (-0.2, "reference")]
)
def test_the_tuned_model_must_be_better_by_more_than_a_standard_error(better: float, chosen: str) -> None:
    assert choose_candidate("auc", Advantage(better, 0.01, "the validation rows")).chosen == chosen


def test_the_reason_says_what_was_compared() -> None:
    found = choose_candidate("rmse", Advantage(-0.25, 0.1, "5 folds"))
    assert found.words == (
        "the tuned model's rmse is 0.25 worse than the reference's on 5 folds, and not better by more than the "
        "standard error of 0.1: the reference is simpler and becomes the candidate"
    )


def test_folds_are_compared_in_pairs_in_the_direction_that_is_better() -> None:
    tuned, reference = [1.0, 2.0, 3.0], [1.5, 2.5, 3.5]
    assert Advantage.of_folds(tuned, reference, "minimize") == Advantage(0.5, 0.0, "3 folds")
    assert Advantage.of_folds(tuned, reference, "maximize").value == -0.5
