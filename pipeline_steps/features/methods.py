"""The methods of the recipe by stage, in the order in which they are applied.

To add one: a dataclass in its family's folder, whose fields are its options and which has the `fit` of `Method`; its
name in the family's METHODS; the same name, options and meaning in slipway/settings/feature_methods.py; and a line in
`tests/pipeline_steps/features/methods.py`, which shows its effect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_steps.features import (
    binning,
    encoding,
    extraction,
    missing,
    outliers,
    scaling,
    selection,
    transforms,
    vectorising,
)
from pipeline_steps.features.stage_names import TEXT_STAGE, name_key

NONE = "none"
"""Switches a stage off, where a default or an earlier rule has a method for it; a stage may have a method so named."""


@dataclass(frozen=True)
class Stage:
    """The methods that a column has one of, by the name that settings have.

    `key` is that of the table form which has the name.
    """

    methods: Mapping[str, Callable[..., Any]]
    key: str = "method"


NUMBER_STAGES: Mapping[str, Stage] = {
    "missing": Stage(missing.METHODS),
    "outliers": Stage(outliers.METHODS, key=name_key("outliers")),
    "transform": Stage(transforms.METHODS),
    "bins": Stage(binning.METHODS),
    "scale": Stage(scaling.METHODS),
}
CATEGORY_STAGES: Mapping[str, Stage] = {"encode": Stage(encoding.METHODS)}
TEXT_STAGES: Mapping[str, Stage] = {TEXT_STAGE: Stage(vectorising.METHODS)}
EXTRACTION: Mapping[str, Callable[..., Any]] = extraction.METHODS
SELECTION = Stage(selection.METHODS)
