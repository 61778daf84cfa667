"""Values and rows far from the others: found by a method, and treated."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.outliers.limits import Iqr, RobustZScore, ZScore
from pipeline_steps.features.outliers.rows import (
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
