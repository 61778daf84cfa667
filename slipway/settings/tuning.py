"""The hyperparameter search: the algorithms, how their values are chosen, and how many are tried."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.settings.limits import MOST_TUNING_JOBS
from slipway.settings.problems import AlgorithmName
from slipway.settings.ranges import Ranges
from slipway.settings.section import Section, matching

TuningJobName = Annotated[
    str,
    matching(r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}$", "the name of a tuning job: at most 32 letters, digits and hyphens"),
]


class AlgorithmTuning(Section):
    """The hyperparameters of one algorithm, where several are searched."""

    fixed: dict[str, str] = Field(default_factory=dict)
    """Hyperparameters that every job of the algorithm gets, as text."""
    ranges: Ranges = Field(default_factory=dict)


class Hyperband(Section):
    """How long jobs of a Hyperband search may run, counted in lines with the objective that a job has printed."""

    min_resource: int = Field(1, ge=1, le=20_000)
    """Lines that a job prints before it may be stopped."""
    max_resource: int = Field(1000, ge=1, le=20_000)
    """Lines after which a job is stopped."""


class WarmStart(Section):
    """Earlier tuning jobs, whose results the search starts from."""

    parents: tuple[TuningJobName, ...] = Field(min_length=1, max_length=5)
    """Names of the tuning jobs."""
    type: Literal["IdenticalDataAndAlgorithm", "TransferLearning"]
    """Whether data and image are still the same, by SageMaker's names."""


class Tuning(Section):
    """The hyperparameter search; every key may be left out."""

    algorithms: tuple[AlgorithmName, ...] = Field((), max_length=10)
    """The algorithms; the best model wins, whichever made it. By default one that fits the problem, or
    `script` where `training.script` is given; to be left out with `training.image`."""
    strategy: Literal["Bayesian", "Random", "Grid", "Hyperband"] = "Bayesian"
    """How values are chosen, by SageMaker's names; Grid takes categorical ranges only."""
    max_jobs: int | None = Field(None, ge=1, le=MOST_TUNING_JOBS)
    """Training jobs of the search, of all algorithms together; by default 12. A Grid has one for each combination."""
    max_parallel_jobs: int | None = Field(None, ge=1, le=100)
    """Training jobs at the same time; by default 2."""
    early_stopping: bool = False
    """Whether SageMaker stops jobs that do worse than the median of the earlier ones; for one algorithm only."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of the search and of training."""
    fixed: dict[str, str] = Field(default_factory=dict)
    """Hyperparameters that every job gets, as text; where several algorithms are searched, each has its own."""
    ranges: Ranges = Field(default_factory=dict)
    hyperband: Hyperband | None = None
    warm_start: WarmStart | None = None
    linear: AlgorithmTuning | None = None
    xgboost: AlgorithmTuning | None = None
    lightgbm: AlgorithmTuning | None = None
    random_forest: AlgorithmTuning | None = None
    mlp: AlgorithmTuning | None = None
    k_means: AlgorithmTuning | None = None
    isolation_forest: AlgorithmTuning | None = None
    script: AlgorithmTuning | None = None

    @property
    def resources(self) -> Hyperband:
        """The limits of a Hyperband search."""
        return self.hyperband or Hyperband()

    def of(self, algorithm: AlgorithmName) -> AlgorithmTuning | None:
        """The table of one algorithm, where it has one."""
        found: AlgorithmTuning | None = getattr(self, algorithm, None)
        return found
