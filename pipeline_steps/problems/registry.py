"""The problems by name."""

from collections.abc import Mapping

from pipeline_steps.errors import StepError
from pipeline_steps.problems.anomaly.problem import ANOMALY
from pipeline_steps.problems.binary.problem import BINARY
from pipeline_steps.problems.clustering.problem import CLUSTERING
from pipeline_steps.problems.multiclass.problem import MULTICLASS
from pipeline_steps.problems.problem import Problem
from pipeline_steps.problems.regression.problem import REGRESSION

PROBLEMS: Mapping[str, Problem] = {
    problem.name: problem for problem in (BINARY, MULTICLASS, REGRESSION, ANOMALY, CLUSTERING)
}


def problem_named(name: str) -> Problem:
    """Find the problem.

    Raises:
        StepError: there is none of this name.
    """
    if name not in PROBLEMS:
        raise StepError(f"problem must be one of {', '.join(PROBLEMS)}, got {name}")
    return PROBLEMS[name]
