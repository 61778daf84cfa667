"""The pipeline's parameters: what may differ from one execution to the next."""

from dataclasses import dataclass

from slipway.settings import Settings
from slipway.training.references import Parameter

DATA_FINGERPRINT = "DataFingerprint"
"""The parameter that differs whenever the data does: SageMaker's step cache compares URIs, not what lies there."""


@dataclass(frozen=True)
class Parameters:
    input_data_uri: Parameter
    data_fingerprint: Parameter
    gate_threshold: Parameter
    model_approval_status: Parameter
    source_commit: Parameter

    @classmethod
    def of(cls, settings: Settings, *, data_uri: str) -> "Parameters":
        statuses = ("PendingManualApproval", "Approved", "Rejected")
        return cls(
            input_data_uri=Parameter("InputDataUri", data_uri),
            data_fingerprint=Parameter(DATA_FINGERPRINT),
            gate_threshold=Parameter("GateThreshold", settings.gate.threshold or 0.0, type="Float"),
            model_approval_status=Parameter("ModelApprovalStatus", statuses[0], allowed=statuses),
            source_commit=Parameter("SourceCommit", "unknown"),
        )

    def all(self) -> tuple[Parameter, ...]:
        return tuple(vars(self).values())
