"""A column of 0 and 1 for each category."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from pipeline_steps.features.encoding.code_table import CodeTable, all_codes, code_table, present
from pipeline_steps.features.indicators import write_indicators
from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter

_NONE = -2.0
"""The number of a code that has no column."""


@dataclass(frozen=True)
class Indicated:
    """Codes become places among the columns of their category, and these become columns of 0 and 1."""

    features: tuple[Feature, ...]
    table: CodeTable
    encoder: Any
    widths: tuple[int, ...]

    def transform(self, values: Values) -> Values:
        """Encode rows."""
        made: Values = self.encoder.transform(present(values))
        return made

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        return write_indicators(graph, self.table.write(graph, block), self.widths)


@dataclass(frozen=True)
class OneHot:
    """Rare categories share a column: those of fewer than `rare_rows` rows, and all beyond `max_categories`."""

    max_categories: int = 100
    rare_rows: int = 1

    def fit(self, sample: Sample) -> Indicated:
        """Learn which categories there are, and which are rare."""
        encoder = OneHotEncoder(
            min_frequency=self.rare_rows,
            max_categories=self.max_categories,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        ).fit(present(sample.values))
        widths = [len(names) for names in self._names(encoder, sample)]
        tables = [self._places(encoder, sample, place, widths) for place in range(len(widths))]
        features = tuple(
            replace(feature, name=f"{feature.name}: {name}", labels=(), is_category=False, trend=0, is_ready=True)
            for feature, names in zip(sample.features, self._names(encoder, sample), strict=True)
            for name in names
        )
        return Indicated(features, code_table(sample, sample.features, tables), encoder, tuple(widths))

    @staticmethod
    def _places(encoder: Any, sample: Sample, place: int, widths: list[int]) -> Values:
        """Give for each code of one column the place among its columns of 0 and 1."""
        codes = all_codes(sample.features[place])
        rows = np.tile([found[0] for found in encoder.categories_], (len(codes), 1)).astype(np.float64)
        rows[:, place] = codes
        start = sum(widths[:place])
        own = encoder.transform(rows)[:, start : start + widths[place]]
        return np.where(own.any(axis=1), own.argmax(axis=1), _NONE)[:, np.newaxis]

    @staticmethod
    def _names(encoder: Any, sample: Sample) -> list[list[str]]:
        names = []
        for feature, codes, rare in zip(
            sample.features, encoder.categories_, encoder.infrequent_categories_, strict=True
        ):
            few = set() if rare is None else set(rare.tolist())
            labels = [_label(feature, code) for code in codes.tolist() if code not in few]
            names.append([*labels, *(["rare"] if few else [])])
        return names


def _label(feature: Feature, code: float) -> str:
    return "missing" if code < 0 else feature.labels[int(code)]
