"""The groups that bias is measured for: values of a column, compared with all others."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.errors import ArgumentError, StepError
from pipeline_steps.features.columns import CategoryColumn
from pipeline_steps.monitoring.bias_metrics import BIAS_METRICS
from pipeline_steps.monitoring.statistics import OTHER
from pipeline_steps.tables.cells import category, quoted


@dataclass(frozen=True)
class Facet:
    """A column and the group that the metrics are about: `values`, numbers above `threshold`, or each category in turn.

    `limits` are how far each metric may be from the baseline's, or from parity.
    """

    name: str
    values: tuple[str, ...] = ()
    threshold: float | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    parity: bool = False

    @classmethod
    def parse(cls, text: str) -> "Facet":
        """Read {"name", "values" or "threshold", "metrics": {name: limit}, "reference": "baseline" or "parity"}.

        Raises:
            ArgumentError: it is something else.
        """
        try:
            given = json.loads(text)
            threshold = given.get("threshold")
            if not given["metrics"].keys() <= BIAS_METRICS.keys():
                raise ArgumentError(f"--facet must have metrics of {', '.join(BIAS_METRICS)}, got {quoted(text)}")
            return cls(
                str(given["name"]),
                tuple(map(str, given.get("values", ()))),
                None if threshold is None else float(threshold),
                {name: float(limit) for name, limit in given["metrics"].items()},
                {"baseline": False, "parity": True}[given.get("reference", "baseline")],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ArgumentError(f"--facet must describe a facet, got {quoted(text)}") from exc


Belongs = Callable[[NDArray[np.float32]], NDArray[np.bool_]]


def members(contract: Contract, place: int, facet: Facet, sent: NDArray[np.float32]) -> Iterator[tuple[str, Belongs]]:
    """Give each group's name, and a function from encoded values to membership.

    Raises:
        StepError: the facet names a category that the model does not have, or a number column without a threshold.
    """
    column = contract.columns[place]
    if not isinstance(column, CategoryColumn):
        if facet.threshold is None:
            raise StepError(f"--facet of the number column {facet.name} must have a threshold")
        limit = facet.threshold
        yield f">{limit:g}", lambda values: values > limit
        return
    codes = {**column.codes, OTHER: float(column.other_code)}
    values = [category(text) for text in facet.values]
    if unknown := [text for text in values if text not in codes]:
        raise StepError(f"--facet must name categories of {facet.name} that the model has, got {quoted(unknown[0])}")
    if values:
        chosen = np.array([codes[text] for text in values], dtype=np.float32)
        yield ", ".join(facet.values), lambda values: np.isin(values, chosen)
        return
    texts = {code: text for text, code in codes.items()}
    for code in np.unique(sent[~np.isnan(sent)]).tolist():
        yield texts[code], lambda values, code=code: values == code  # type: ignore[misc]
