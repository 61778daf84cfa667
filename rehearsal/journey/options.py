"""What one rehearsal is asked to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROJECT = Path(__file__).resolve().parents[2]
"""The folder that holds app.py, node_modules and pipeline_steps."""

Fault = Literal["errors", "slow", "shift", "schema"]


@dataclass(frozen=True)
class RehearsalOptions:
    config: Path
    stage: str = "dev"
    data: Path | None = None
    out: Path = Path("build/rehearsal")
    backend: Literal["auto", "namespace", "prefix", "docker"] = "auto"
    fault: Fault = "errors"
    speed: float = 30.0
    requests_per_second: float = 60.0
    demo_rows: int = 12000
    interrupt_spot: float | None = None
    """Spot jobs lose their first machine after so many seconds."""
