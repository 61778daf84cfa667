"""One number says how far a column of texts has drifted: its words, its lengths, or how many are empty."""

import numpy as np
import pandas as pd
import pytest

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.errors import StepError
from pipeline_steps.gates.artifact_errors import artifact_errors
from tests.text_models import letters, text_model


def drift(table: pd.DataFrame) -> dict[str, float]:
    model = text_model()
    baseline = Baseline.from_document(model.document("baseline.json"), model.contract)
    return baseline.input_drift(model.contract.encode(table))


def test_other_letters_of_the_same_kind_have_not_drifted() -> None:
    found = drift(letters(1000, seed=5).features)
    assert list(found) == ["amount", "letter"]
    assert found["letter"] < 0.1


@pytest.mark.parametrize(
    "changed",
    [
        letters(400, seed=6, language="other").features,
        letters(400, seed=6).features.assign(letter=lambda table: table["letter"].where(table.index % 3 > 0, "")),
        letters(400, seed=6).features.assign(letter=lambda table: table["letter"] + " and much more of the same"),
    ],
    ids=["another language", "a third is empty", "longer"],
)
def test_other_words_lengths_and_empty_letters_have(changed: pd.DataFrame) -> None:
    assert drift(changed)["letter"] > 0.25


def test_the_gate_finds_nothing_wrong_with_a_model_of_texts() -> None:
    assert artifact_errors(text_model()) == []


def test_a_baseline_must_have_the_buckets_of_the_contract() -> None:
    document = text_model().document("baseline.json")
    entry = next(each for each in document["features"] if each["name"] == "letter")
    entry["buckets"]["mean"] = entry["buckets"]["mean"][:-1]
    with pytest.raises(StepError, match="must be of 256 buckets"):
        Baseline.from_document(document, text_model().contract)


def test_the_contract_with_a_text_is_one_that_older_servers_refuse() -> None:
    document = text_model().document("contract.json")
    assert document["version"] == 3
    assert Contract.from_document(document).width == 258
    assert np.isnan(Contract.from_document(document).columns[1].encode_text(" \t "))
