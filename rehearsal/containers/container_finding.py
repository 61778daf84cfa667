"""What a check of a container found: one rule of SageMaker's contract."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ContainerFinding:
    rule: str
    kept: bool
    words: str

    def line(self) -> str:
        return f"{'ok' if self.kept else 'FAIL':4}  {self.rule}: {self.words}"
