"""Hyperparameter tuning jobs: Random, Grid and Bayesian search over real training jobs."""

from rehearsal.execution.tuning.job import run_tuning
from rehearsal.execution.tuning.plan import TuningError, TuningPlan, read_plan
from rehearsal.execution.tuning.state import TuningOutcome, TuningState

__all__ = ["TuningError", "TuningOutcome", "TuningPlan", "TuningState", "read_plan", "run_tuning"]
