"""Rows without the relations of their columns: what a model of those relations must distinguish from the real rows."""

from typing import TYPE_CHECKING

import numpy as np

from pipeline_steps.problems.problem import Target

if TYPE_CHECKING:
    import pandas as pd


def with_permuted_rows(features: "pd.DataFrame", *, seed: int) -> tuple["pd.DataFrame", Target]:
    """Give the rows and, after them, as many whose columns are permuted independently; the target is 0, then 1."""
    import pandas as pd  # noqa: PLC0415

    generator = np.random.default_rng(seed)
    rows = len(features)
    permuted = pd.DataFrame(
        {name: features[name].take(generator.permutation(rows)).to_numpy() for name in features.columns}
    ).astype(features.dtypes)
    both = pd.concat([features, permuted], ignore_index=True)
    return both, np.repeat([0.0, 1.0], rows)
