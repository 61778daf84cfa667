"""Made-up customers of a shop, of a few kinds that no column names.

In the last part of the period subscribers arrive, a kind of their own: a model that has not seen them puts them with
customers who are unlike them.
"""

import numpy as np

from rehearsal.journey.demo_data.sampling import Columns, generator, progress

_NEW_FROM, _NEW_SHARE = 0.62, 0.4
_KINDS = {  # the centre of each: orders a year, basket, discount, returned, days since the last order
    "regular": (14.0, 60.0, 0.08, 0.05, 20.0),
    "bargain hunter": (8.0, 35.0, 0.45, 0.08, 45.0),
    "try at home": (10.0, 140.0, 0.10, 0.45, 30.0),
    "once a year": (1.5, 80.0, 0.12, 0.06, 240.0),
    "subscriber": (48.0, 25.0, 0.15, 0.01, 6.0),
}
_WEIGHTS = (0.35, 0.25, 0.15, 0.25)
_SPREAD = 0.18


def customers(*, rows: int, seed: int) -> Columns:
    """Draw `rows` customers; the same seed gives the same customers."""
    rng = generator(rows=rows, seed=seed)
    kind = rng.choice(len(_WEIGHTS), size=rows, p=_WEIGHTS)
    kind[(progress(rows) >= _NEW_FROM) & (rng.random(rows) < _NEW_SHARE)] = len(_WEIGHTS)
    centres = np.array(list(_KINDS.values()))[kind]
    values = centres * rng.lognormal(0.0, _SPREAD, centres.shape)
    return {
        "orders_a_year": values[:, 0].round(1),
        "basket_eur": values[:, 1].round(2),
        "discount_share": np.minimum(values[:, 2], 0.9).round(3),
        "returned_share": np.minimum(values[:, 3], 0.9).round(3),
        "days_since_order": values[:, 4].round(0),
    }
