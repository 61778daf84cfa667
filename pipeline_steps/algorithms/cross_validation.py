"""Cross-validation inside a training job: every row is held out once, and says how good the trial is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.algorithms.folds import deal_folds
from pipeline_steps.algorithms.trial import Trial
from pipeline_steps.errors import ArgumentError, DataError
from pipeline_steps.problems.problem import Outputs
from pipeline_steps.tables.prepared import Split


@dataclass(frozen=True)
class Fold:
    """Rows with a model's outputs: those that it was fitted on, and those that it was not."""

    train: Split
    train_outputs: Outputs
    held_out: Split
    outputs: Outputs


@dataclass(frozen=True)
class CrossValidation:
    """The folds, and the rounds after which fitting is to end: the median of those that were best; None without any."""

    folds: tuple[Fold, ...]
    rounds: int | None

    @property
    def held_out(self) -> Split:
        """All rows that were held out."""
        return joined(*(fold.held_out for fold in self.folds))

    @property
    def outputs(self) -> Outputs:
        """Their outputs, by the models that had not been fitted on them."""
        return np.concatenate([fold.outputs for fold in self.folds])


def cross_validate(trial: Trial, rows: Split) -> CrossValidation:
    """Fit on all folds but one, each in turn.

    Raises:
        ArgumentError: rows belong together that folds would separate.
        DataError: there are too few rows.
    """
    method, count = trial.use_case.split.method, trial.use_case.folds
    if method in ("time", "group"):
        raise ArgumentError(f"folds must be left out with split method {method}: they would separate its rows")
    # by the seed of the split: every algorithm is cross-validated on the same folds
    strata, seed = trial.problem.strata(rows.target), trial.use_case.split.seed
    dealt = deal_folds(strata, count, seed=seed, alike=_alike(rows.features))
    if len(np.unique(dealt[dealt >= 0])) < count:
        raise DataError(f"rows must be enough for {count} folds, got {len(rows)}: set folds to 0 or bring more")
    folds, rounds = [], []
    for fold in range(count):
        train, held_out = only(rows, dealt != fold), only(rows, dealt == fold)
        fit = trial.fit(train, held_out, name=f"fold {fold + 1} of {count}: ")
        folds.append(Fold(train, fit.outputs(train), held_out, fit.outputs(held_out)))
        if fit.model.best_iteration is not None:
            rounds.append(fit.model.best_iteration + 1)
    return CrossValidation(tuple(folds), round(float(np.median(rounds))) if rounds else None)


def only(rows: Split, chosen: NDArray[np.bool_]) -> Split:
    """The rows that a mask chooses."""
    return Split(rows.features[chosen].reset_index(drop=True), rows.target[chosen])


def joined(*splits: Split) -> Split:
    """The rows of all splits."""
    features = pd.concat([split.features for split in splits], ignore_index=True)
    return Split(features, np.concatenate([split.target for split in splits]))


def _alike(features: pd.DataFrame) -> NDArray[np.int64]:
    """Number the rows such that equal ones have one number."""
    return pd.util.hash_pandas_object(features, index=False).to_numpy().view(np.int64)
