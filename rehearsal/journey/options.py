"""The options of one rehearsal."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROJECT = Path(__file__).resolve().parents[2]
"""The folder with app.py, node_modules and pipeline_steps."""
STEPS = PROJECT / "pipeline_steps"
"""What the container image is built from, where the use case has no code of its own."""

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
    """Spot training jobs are interrupted once after this many seconds."""
