"""Values and rows far from the others: found by a method, and treated."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.outliers.column_limits import Iqr, RobustZScore, ZScore
from pipeline_steps.features.outliers.distant_rows import (
    DbscanRows,
    EllipticEnvelopeRows,
    IsolationForestRows,
    LocalOutlierFactorRows,
    OneClassSvmRows,
    RowDetector,
)

_OF_ROWS: tuple[type[RowDetector], ...] = (
    DbscanRows,
    IsolationForestRows,
    LocalOutlierFactorRows,
    EllipticEnvelopeRows,
    OneClassSvmRows,
)
METHODS: Mapping[str, Callable[..., Any]] = {
    "iqr": Iqr,
    "z_score": ZScore,
    "robust_z": RobustZScore,
    **{detector.name: detector for detector in _OF_ROWS},
}
