"""One number for each category: its place in an order, or how frequent it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata

from pipeline_steps.errors import DataError
from pipeline_steps.features.encoding.code_table import CodeTable, all_codes, code_table, present
from pipeline_steps.features.encoding.out_of_fold import from_other_rows, refuse_without_target
from pipeline_steps.features.encoding.target import mean_targets
from pipeline_steps.features.method import Feature, Sample, Values

_UNCOMMON = "other"
"""What the table's reader calls categories that are rare or unknown."""


@dataclass(frozen=True)
class Ordinal:
    """The place in an order that is given, from 0 on; `other` stands for what is not in it, missing, or unknown."""

    order: Sequence[str]
    other: float = -1.0

    def fit(self, sample: Sample) -> CodeTable:
        """Find the place of each code; nothing is learnt.

        Raises:
            DataError: the order lacks a category of the training rows.
        """
        tables = [
            np.array([self.other, *map(self._place, _known_labels(each, self.order))]) for each in sample.features
        ]
        return _one_number(sample, "order", tables)

    def _place(self, label: str) -> float:
        return float(self.order.index(label)) if label in self.order else self.other


def _known_labels(feature: Feature, order: Sequence[str]) -> tuple[str, ...]:
    lacking = [label for label in feature.labels if label not in order and label != _UNCOMMON]
    if lacking:
        raise DataError(
            f"features: encode ordinal must have every category of column {feature.name} in its order, "
            f"got none for {', '.join(lacking)}"
        )
    return feature.labels


@dataclass(frozen=True)
class TargetRank:
    """The place in the order of the mean target, from 0 on; with several classes, of the most frequent one's share."""

    folds: int = 5

    def cross_fit(self, sample: Sample) -> tuple[CodeTable, Values]:
        """Learn the order from all training rows, and give each row its category's place by other rows."""
        refuse_without_target(sample, "target_rank")
        one = sample
        if sample.likelihood == "categorical":
            is_most = sample.target == np.bincount(sample.target.astype(np.int64)).argmax()
            one = replace(sample, target=is_most.astype(np.float64), likelihood="bernoulli")
        return _ranked(one), from_other_rows(one, self.folds, _ranked)


def _ranked(sample: Sample) -> CodeTable:
    return _one_number(sample, "rank", [rankdata(means[:, 0]) - 1 for means in mean_targets(sample)])


@dataclass(frozen=True)
class Frequency:
    """The category's share of the training rows; 0 for one that they do not have."""

    def fit(self, sample: Sample) -> CodeTable:
        """Count."""
        codes = present(sample.values)
        shares = [
            (codes[:, [place]] == all_codes(feature)).mean(axis=0) for place, feature in enumerate(sample.features)
        ]
        return _one_number(sample, "share", shares)


def _one_number(sample: Sample, name: str, tables: list[Values]) -> CodeTable:
    features = tuple(
        replace(each, name=f"{each.name}: {name}", labels=(), is_category=False, trend=0) for each in sample.features
    )
    return code_table(sample, features, [numbers[:, np.newaxis] for numbers in tables])
