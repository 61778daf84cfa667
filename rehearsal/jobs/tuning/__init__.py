"""Hyperparameter tuning jobs: Random, Grid and Bayesian search over real training jobs."""

from rehearsal.jobs.tuning.job import run_tuning
from rehearsal.jobs.tuning.tuning_plan import TuningError, TuningPlan, read_plan
from rehearsal.jobs.tuning.tuning_state import TuningOutcome, TuningState

__all__ = ["TuningError", "TuningOutcome", "TuningPlan", "TuningState", "read_plan", "run_tuning"]
