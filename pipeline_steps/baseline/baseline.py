"""What the model was trained on: `baseline.json`, read against the contract's columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.bins import Bins, bins_of
from pipeline_steps.baseline.cuts import RANKS, Cut, cut_scores
from pipeline_steps.baseline.groups import Groups
from pipeline_steps.baseline.label_shares import LabelShares
from pipeline_steps.baseline.texts import TextBaseline
from pipeline_steps.errors import StepError
from pipeline_steps.features.layout import buckets_of
from pipeline_steps.problems.problem import Outputs

FEWEST_ROWS = 200
"""Fewer rows prove no drift."""


@dataclass(frozen=True)
class ScoreRanks:
    """Headline numbers of the validation split: a tenth below `low`, half above `middle`, a tenth above `high`."""

    low: Cut
    middle: Cut
    high: Cut

    def upper_half(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """How much of each score lies in the upper half, in 0..1: over the validation split 0.5 on average."""
        return self.middle.above(scores)

    def tails(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """How much of each score lies in the outermost tenths, in 0..1: over the validation split 0.2 on average."""
        return self.low.below(scores) + self.high.above(scores)

    @classmethod
    def of(cls, scores: NDArray[np.float32]) -> Self:
        """Take the ranks of these scores in place of a validation split's."""
        _, ties = cut_scores(scores)
        return cls(*(Cut.of_tie(rank, len(scores), tie) for rank, tie in zip(RANKS, ties, strict=True)))

    @classmethod
    def from_document(cls, score: Mapping[str, Any]) -> Self | None:
        """Read the score's entry; in older artifacts, what equals a quantile lies in neither tail nor upper half."""
        if (ranks := score.get("ranks")) is None:
            return None
        low, middle, high = map(float, ranks)
        if (ties := score.get("ties")) is None:
            return cls(Cut(low, low, 1.0), Cut(middle, middle, 0.0), Cut(high, high, 0.0))
        return cls(*(Cut.of_tie(rank, score["rows"], tie) for rank, tie in zip(RANKS, ties, strict=True)))


@dataclass(frozen=True)
class Baseline:
    """The bins of each input column, in the contract's order, and of the score: the problem's headline number.

    `texts` has the buckets of each column of texts, by its place.

    Of the validation split: `predictions` by each column's values, where a label is positive or not; each column's
    attribution; and how often each label was predicted, where labels have names. Older artifacts have no ranks, and
    none of these.
    """

    columns: tuple[Bins, ...]
    score: Bins
    ranks: ScoreRanks | None
    predictions: tuple[Groups, ...] | None = None
    attributions: Mapping[str, float] | None = None
    labels: LabelShares | None = None
    texts: Mapping[int, TextBaseline] = field(default_factory=dict)

    def input_drift(self, features: NDArray[np.float32]) -> dict[str, float]:
        """Give each column's drift; `features` is float32 [rows, width]."""
        # a column of its own in memory is counted twice as fast
        by_column = np.ascontiguousarray(features[:, : len(self.columns)].T)
        found = {bins.name: bins.drift(values) for bins, values in zip(self.columns, by_column, strict=True)}
        for place, text in self.texts.items():
            found[self.columns[place].name] = max(found[self.columns[place].name], text.drift(features))
        return found

    def prediction_drift(self, contract: Contract, outputs: Outputs) -> list[float]:
        """Give the drift of the headline numbers, and of the labels where their shares are known."""
        found = [self.score.drift(contract.problem.headline(outputs))]
        if self.labels:
            found.append(self.labels.drift(contract.problem.labels(outputs, contract.decision)))
        return found

    @classmethod
    def from_document(cls, document: Mapping[str, Any], contract: Contract) -> Self:
        """Read `baseline.json`.

        Raises:
            StepError: the document is no baseline of version 1, or not one of this contract's columns.
        """
        if document.get("version") != 1:
            raise StepError(f"baseline.json must be of version 1, got {document.get('version')}")
        try:
            entries = {entry["name"]: entry for entry in document["features"]}
            buckets = {place: entries[contract.columns[place].name]["buckets"] for place in contract.texts}
            places = buckets_of(contract.columns)
            return cls(
                columns=tuple(bins_of(column, entries[column.name]) for column in contract.columns),
                score=Bins.of_score(document["score"]),
                ranks=ScoreRanks.from_document(document["score"]),
                predictions=_predictions(document, contract),
                attributions=_attributions(document, contract),
                labels=LabelShares.from_document(document["labels"]) if "labels" in document else None,
                texts={place: TextBaseline.from_document(places[place], its) for place, its in buckets.items()},
            )
        except KeyError as exc:
            raise StepError(f"baseline.json must hold {exc}, which is absent") from exc
        except (TypeError, ValueError, IndexError, AttributeError) as exc:
            raise StepError(f"baseline.json is no baseline: {exc}") from exc


def _predictions(document: Mapping[str, Any], contract: Contract) -> tuple[Groups, ...] | None:
    if "predictions" not in document:
        return None
    entries = {entry["name"]: entry for entry in document["predictions"]}
    return tuple(Groups.from_document(entries[column.name]) for column in contract.columns)


def _attributions(document: Mapping[str, Any], contract: Contract) -> dict[str, float] | None:
    if "attributions" not in document:
        return None
    values = document["attributions"]["values"]
    return {column.name: float(values[column.name]) for column in contract.columns}
