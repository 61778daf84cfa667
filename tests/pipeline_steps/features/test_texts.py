"""Texts in the recipe: what training sees is what a request gets, and words alone make a model."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfTransformer

from pipeline_steps.algorithms.trial import PreparedModel
from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.errors import StepError
from pipeline_steps.features.method import Sample
from pipeline_steps.features.text_options import text_options
from pipeline_steps.features.vectorising.hashed_ngrams import HashedNgrams
from pipeline_steps.server.payload import read_payload
from pipeline_steps.tables.prepared import Split
from tests.text_models import letters, trained, vectorised

RECIPES = {
    "default": {},
    "characters": vectorised(ngrams="characters", buckets=128),
    "idf": vectorised(idf=True, weight="count", norm="none"),
    "rule": {"rules": [{"columns": ["let*"], "vectorise": {"method": "hashed_ngrams", "buckets": 32, "idf": True}}]},
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_request_is_scored_as_the_fitted_model_scores_the_table(recipe: dict[str, Any]) -> None:
    model, rows = trained(recipe), letters(60, seed=3)
    contract = Contract.from_document(json.loads(json.dumps(model.contract.to_document())))
    body = rows.features.astype(object).where(rows.features.notna(), None).to_dict("records")
    requested = read_payload(contract, json.dumps({"instances": body}).encode(), "application/json")
    encoded = model.contract.encode(rows.features)
    assert requested.tobytes() == encoded.tobytes()
    assert contract.width == encoded.shape[1]
    assert isinstance(model.model, PreparedModel)
    prepared = model.model.prepared
    assert prepared.matrix(requested).tobytes() == prepared.matrix(encoded).tobytes()
    scores = Scorer(model.model.graph(), "score").score(requested)
    assert np.abs(scores - model.model.predict(encoded)).max() < 1e-5


@pytest.mark.parametrize("algorithm", ["linear", "xgboost"])
def test_words_alone_make_a_model(algorithm: str) -> None:
    assert trained(algorithm=algorithm).validation_metrics["auc"] > 0.9


def test_without_its_words_a_text_says_nothing_here() -> None:
    model = trained({"texts": {"vectorise": "none"}})
    assert model.contract.width == 2
    assert model.validation_metrics["auc"] < 0.65


def test_nothing_is_learnt_of_texts_that_are_held_out() -> None:
    held_out = letters(200, seed=1)
    garbage = Split(held_out.features.assign(letter="refund refund unheard-of words"), held_out.target)
    recipe = vectorised(idf=True)
    assert trained(recipe, validation=garbage).model.graph() == trained(recipe).model.graph()


def test_the_weights_of_rare_buckets_are_scikit_learns() -> None:
    counts = np.abs(trained().contract.encode(letters().features)[:, 2:].astype(np.float64))
    sample = Sample((), counts, np.zeros(len(counts)), "bernoulli", 2, 0)
    ours = HashedNgrams(weight="count", idf=True).fit(sample).transform(counts)
    assert np.allclose(ours, TfidfTransformer().fit_transform(counts).toarray(), rtol=1e-12)


def test_the_report_of_a_model_names_a_text_once_and_no_bucket() -> None:
    document = trained(RECIPES["rule"]).metrics_document()
    assert document["features"]["columns"] == ["amount", "letter: characters", "letter: 32 buckets"]
    named = {term["column"] for term in document["coefficients"]["terms"]}
    assert named == {"amount", "letter: characters"}
    assert (document["coefficients"]["left_out"], document["coefficients"]["text_buckets"]) == (32, 32)


def test_rules_touch_the_number_of_characters_by_its_name() -> None:
    columns = trained({"rules": [{"columns": ["letter: characters"], "bins": "quantile"}]}).metrics_document()
    assert "letter: characters" in columns["features"]["columns"]


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(StepError, match="buckets must be 0 or a power of two up to 512, got 65"):
        _ = text_options(vectorised(buckets=65), "letter").counted
    with pytest.raises(StepError, match="does not take these options"):
        text_options(vectorised(words=3), "letter")
    with pytest.raises(StepError, match="must be one of none, hashed_ngrams, got word2vec"):
        text_options({"texts": {"vectorise": "word2vec"}}, "letter")
