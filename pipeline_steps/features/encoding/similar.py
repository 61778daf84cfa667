"""Categories with similar targets share a column of 0 and 1."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.features.encoding.code_table import CodeTable, all_codes, code_table, present
from pipeline_steps.features.encoding.out_of_fold import from_other_rows, refuse_without_target
from pipeline_steps.features.encoding.targets import Targets, targets_of
from pipeline_steps.features.indicators import indicator_values, write_indicators
from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter

Places = NDArray[np.int64]
"""Of codes; that of a missing category is 0."""
_NAMED = 3
"""Categories that the name of a group has."""


@dataclass(frozen=True)
class Grouped:
    """Codes become the number of their group, and these become columns of 0 and 1."""

    features: tuple[Feature, ...]
    table: CodeTable
    widths: tuple[int, ...]

    def transform(self, values: Values) -> Values:
        """Encode rows."""
        return indicator_values(self.table.transform(values), self.widths)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        return write_indicators(graph, self.table.write(graph, block), self.widths)


@dataclass(frozen=True)
class CategoryGroups:
    """The groups of one column.

    Attributes:
        units: categories that stay together: one each, and all of the rare ones.
        group_of: the group of each unit.
        fallback: the group of codes without a training row.
    """

    units: tuple[Places, ...]
    group_of: tuple[int, ...]
    fallback: int

    @property
    def count(self) -> int:
        return max(self.group_of) + 1

    def numbers(self, feature: Feature, group_of: Sequence[int]) -> Values:
        """Give the group of every code, [codes, 1]."""
        numbers = np.full((len(all_codes(feature)), 1), float(self.fallback))
        for unit, group in zip(self.units, group_of, strict=True):
            numbers[unit] = group
        return numbers

    def nearest(self, targets: Targets) -> list[int]:
        """Give for each unit the group whose targets are most like its own."""
        units = targets.pooled(self.units)
        groups = units.pooled([np.flatnonzero(np.equal(self.group_of, group)) for group in range(self.count)])
        likeness = [groups.likeness(units.counts[place], units.sums[place]) for place in range(len(self.units))]
        return [int(its.argmax()) if units.counts[place] else self.fallback for place, its in enumerate(likeness)]


@dataclass(frozen=True)
class Similar:
    """The two most similar groups become one, until `groups` are left, or the targets of any two differ significantly.

    Categories of fewer than `rare_rows` rows are one from the start. A training row gets the group that other rows
    give its category.
    """

    significance: float = 0.05
    groups: int | None = None
    rare_rows: int = 20
    folds: int = 5

    def cross_fit(self, sample: Sample) -> tuple[Grouped, Values]:
        """Learn the groups from all training rows, and give each of these rows its group by the other folds."""
        refuse_without_target(sample, "similar")
        found = [
            self._groups(column, each, sample) for each, column in zip(sample.features, _columns(sample), strict=True)
        ]

        def fit(rows: Sample) -> Grouped:
            nearest = (
                groups.nearest(targets_of(rows, column, feature))
                for groups, column, feature in zip(found, _columns(rows), sample.features, strict=True)
            )
            return _grouped(sample, found, list(nearest))

        own = [groups.group_of for groups in found]
        return _grouped(sample, found, own), from_other_rows(sample, self.folds, fit)

    def _groups(self, column: Values, feature: Feature, sample: Sample) -> CategoryGroups:
        targets = targets_of(sample, column, feature)
        is_rare = targets.counts < self.rare_rows
        frequent, rare = np.flatnonzero(~is_rare), np.flatnonzero(is_rare & (targets.counts > 0))
        places = [np.array([place]) for place in frequent] + ([rare] if len(rare) else [])
        members = self._merged(targets.pooled(places))
        members.sort(key=lambda its: min(places[unit][0] for unit in its))
        group_of = {unit: number for number, its in enumerate(members) for unit in its}
        sizes = [sum(targets.counts[places[unit]].sum() for unit in its) for its in members]
        fallback = group_of[len(places) - 1] if len(rare) else int(np.argmax(sizes))
        return CategoryGroups(tuple(places), tuple(group_of[unit] for unit in range(len(places))), fallback)

    def _merged(self, targets: Targets) -> list[list[int]]:
        """Join the most similar pair again and again; gives the units of each group."""
        members = [[unit] for unit in range(len(targets.counts))]
        likeness = np.array([targets.likeness(*each) for each in zip(targets.counts, targets.sums, strict=True)])
        np.fill_diagonal(likeness, -np.inf)
        enough = -np.inf if self.groups else np.log(self.significance)
        while len(members) > (self.groups or 1) and likeness.max() >= enough:
            kept, joined = sorted(np.unravel_index(likeness.argmax(), likeness.shape))
            members[kept] += members.pop(joined)
            targets = targets.joined(int(kept), int(joined))
            likeness = np.delete(np.delete(likeness, joined, axis=0), joined, axis=1)
            likeness[kept] = likeness[:, kept] = targets.likeness(targets.counts[kept], targets.sums[kept])
            likeness[kept, kept] = -np.inf
        return members


def _columns(sample: Sample) -> list[Values]:
    return list(present(sample.values).T)


def _grouped(sample: Sample, found: Sequence[CategoryGroups], group_of: Sequence[Sequence[int]]) -> Grouped:
    zipped = list(zip(sample.features, found, group_of, strict=True))
    table = code_table(sample, sample.features, [groups.numbers(feature, its) for feature, groups, its in zipped])
    features = tuple(
        replace(feature, name=name, labels=(), is_category=False, trend=0, is_ready=True)
        for feature, groups, _ in zipped
        for name in _names(feature, groups)
    )
    return Grouped(features, table, tuple(groups.count for groups in found))


def _names(feature: Feature, groups: CategoryGroups) -> list[str]:
    """Name each group by its first categories, such as `shop: east, west and 4 more`."""
    names = []
    for group in range(groups.count):
        units = (unit for unit, its in zip(groups.units, groups.group_of, strict=True) if its == group)
        labels = [("missing", *feature.labels)[place] for place in sorted(np.concatenate(list(units)))]
        more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
        names.append(f"{feature.name}: {', '.join(labels[:_NAMED])}{more}")
    return names
