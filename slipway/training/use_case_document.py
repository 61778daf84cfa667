"""What the container must know about the use case: `use_case.json`, an input of Prepare.

The container reads it as `UseCase`; `tests/contract/test_step_arguments.py` holds the two together.
"""

from typing import Any

from slipway.settings import Settings

VERSION = 2


def use_case_document(settings: Settings) -> dict[str, Any]:
    """The table, the problem, and how a prediction becomes a decision."""
    data, value = settings.data, settings.value
    return {
        "version": VERSION,
        "problem": settings.problem,
        "columns": [
            {"name": name, "kind": kind} | (data.ranges[name].model_dump() if name in data.ranges else {})
            for name, kind in data.columns.items()
        ],
        "ignore": data.ignore,
        "row_outliers": data.row_outliers,
        "target": data.target,
        "positive_label": data.positive_label,
        "metric": settings.metric,
        "split": data.split.model_dump(),
        "table_format": data.format.model_dump() | {"drop_duplicates": data.drop_duplicates},
        "decision": settings.decision.document(),
        "value": value.document() if value else None,
        "folds": settings.training.folds,
        "features": settings.features.document(),
        "fits_counts": settings.search.fits_counts,
    }
