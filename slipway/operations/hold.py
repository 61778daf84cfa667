"""The parameter that holds rollouts, as the state machine reads it."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import code_of
from slipway.rollout.pause import ABORT, GO, HELD


@dataclass(frozen=True)
class Hold:
    """`go`, `hold`, or `abort` and the ARN of the package to refuse; until the first pause there is none."""

    ssm: Any
    name: str

    def read(self) -> str:
        try:
            value: str = self.ssm.get_parameter(Name=self.name)["Parameter"]["Value"]
        except ClientError as exc:
            if code_of(exc) == "ParameterNotFound":
                return GO
            raise
        return value

    def write(self, value: str) -> None:
        self.ssm.put_parameter(
            Name=self.name,
            Value=value,
            Type="String",
            Overwrite=True,
            Description=f"{GO} | {HELD} | {ABORT} <model package ARN>; read by the rollout before it changes anything",
        )
