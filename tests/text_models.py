"""Made-up letters, of which the words alone say whether they are complaints, and a model of them."""

import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.trained_artifact import rows_to_compare, write_trained
from pipeline_steps.algorithms.training import TrainedModel, train_model
from pipeline_steps.artifact.reading import Artifact, read_folder
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import Column, UseCase

_USUAL = ["the", "a", "please", "my", "is", "of", "we", "have", "with", "for", "order", "and", "it", "to", "you"]
_ANGRY, _KIND = ["refund", "broken", "angry", "late", "wrong"], ["thanks", "great", "perfect", "lovely", "soon"]
NAMES = ("amount", "letter")


@lru_cache
def letters(rows: int = 300, *, seed: int = 0, language: str = "en") -> Split:
    """Letters of eight words, two of which are of one kind; every 17th is empty."""
    draws = np.random.default_rng(seed)
    target = draws.integers(0, 2, rows).astype(float)
    texts = [
        " ".join(draws.permutation([*draws.choice(_USUAL, 6), *draws.choice(_ANGRY if angry else _KIND, 2)]))
        for angry in target
    ]
    if language != "en":
        texts = [" ".join(word[::-1] + "ñ" for word in text.split()) for text in texts]
    texts[::17] = [""] * len(texts[::17])
    table = pd.DataFrame({"amount": draws.normal(size=rows), "letter": np.array(texts, dtype=object)})
    return Split(table, target)


def use_case(features: Mapping[str, Any] | None = None) -> UseCase:
    """Whether a letter is a complaint."""
    columns = (Column("amount", "number"), Column("letter", "text"))
    return UseCase("binary", columns, "complaint", "auc", "yes", features=features or {}, classes=("no", "yes"))


def vectorised(**options: Any) -> dict[str, Any]:
    """A recipe that has the method for texts with options."""
    return {"texts": {"vectorise": {"method": "hashed_ngrams", **options}}}


def trained(
    features: Mapping[str, Any] | None = None, *, algorithm: str = "linear", validation: Split | None = None
) -> TrainedModel:
    """Train on 300 letters."""
    given = {"algorithm": algorithm} | ({"alpha": "0.01"} if algorithm == "linear" else {})
    held_out = letters(200, seed=1) if validation is None else validation
    return train_model(use_case(features), letters(), held_out, parse_hyperparameters(given), log=str)


@lru_cache
def text_model() -> Artifact:
    """The artifact of a linear model."""
    model = trained()
    rows = rows_to_compare(model)
    with tempfile.TemporaryDirectory() as folder:
        write_trained(Path(folder), model, rows=rows, fitted=model.model.predict(rows), log=str)
        return read_folder(Path(folder))
