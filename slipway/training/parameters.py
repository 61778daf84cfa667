"""The pipeline's parameters: what may differ from one execution to the next."""

from dataclasses import dataclass

from slipway.settings import Settings
from slipway.training.references import Parameter

INPUT_DATA_URI, SOURCE_COMMIT = "InputDataUri", "SourceCommit"
DATA_FINGERPRINT = "DataFingerprint"
"""The parameter that differs whenever the data does: SageMaker's step cache compares URIs, not what lies there."""


@dataclass(frozen=True)
class Parameters:
    input_data_uri: Parameter
    data_fingerprint: Parameter
    gate_threshold: Parameter | None
    """Only where the settings have one: then an execution may have another."""
    model_approval_status: Parameter
    source_commit: Parameter

    @classmethod
    def of(cls, settings: Settings, *, data_uri: str) -> "Parameters":
        threshold = settings.gate.threshold
        statuses = ("PendingManualApproval", "Approved", "Rejected")
        return cls(
            input_data_uri=Parameter(INPUT_DATA_URI, data_uri),
            data_fingerprint=Parameter(DATA_FINGERPRINT),
            gate_threshold=None if threshold is None else Parameter("GateThreshold", threshold, type="Float"),
            model_approval_status=Parameter("ModelApprovalStatus", statuses[0], allowed=statuses),
            source_commit=Parameter(SOURCE_COMMIT, "unknown"),
        )

    def all(self) -> tuple[Parameter, ...]:
        return tuple(each for each in vars(self).values() if each is not None)
