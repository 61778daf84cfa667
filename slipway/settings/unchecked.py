"""Everything one stage of one use case is made from."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from slipway.settings.access import Access
from slipway.settings.batch import Batch
from slipway.settings.budget import Budget
from slipway.settings.builtin_image import METRICS, is_builtin, located_image
from slipway.settings.data import Data
from slipway.settings.decision_rule import DecisionRule, Value
from slipway.settings.experiment import Experiment
from slipway.settings.features import Features
from slipway.settings.gate import Gate
from slipway.settings.hyperparameters import IMAGE, SCRIPT
from slipway.settings.monitoring import Monitoring
from slipway.settings.names import Names
from slipway.settings.problems import PROBLEMS, VALUE_METRIC, AlgorithmName, Direction, ProblemFacts, ProblemName
from slipway.settings.promotion import Promotion
from slipway.settings.rollout import Endpoint, Rollout
from slipway.settings.search import HyperparameterSearch, search_of
from slipway.settings.section import AccountId, Region, Section, Slug
from slipway.settings.training import Training
from slipway.settings.tuning import Tuning


class UncheckedSettings(Section):
    """One use case in one stage, each section right by itself."""

    name: Slug
    """Name of the use case: the first part of the names of its stacks, endpoint and registry group."""
    description: str = Field("", max_length=1024)
    """What the model predicts, in words, for the registry and the report."""
    stage: Slug
    """Name of the stage; the commands set it from `--stage`."""
    account: AccountId | None = None
    """Account of the stage; without it, the account of the credentials."""
    region: Region | None = None
    """Region of the stage; without it, the region of the credentials."""
    delivery_account: AccountId | None = None
    """Account of the CodePipeline that delivers the stage, where it is another one."""
    keep_data: bool = True
    """Whether buckets, key, images and models stay when the stacks are deleted."""
    problem: ProblemName = "binary"
    """The kind of problem: what is predicted, or that nothing is."""
    data: Data
    features: Features = Features()
    training: Training = Training()
    tuning: Tuning = Tuning()
    decision: DecisionRule = DecisionRule()
    gate: Gate = Gate()
    value: Value | None = None
    endpoint: Endpoint = Endpoint()
    rollout: Rollout = Rollout()
    experiment: Experiment | None = None
    monitoring: Monitoring = Monitoring()
    batch: Batch | None = None
    budget: Budget | None = None
    access: Access = Access()
    promotion: Promotion = Promotion()

    @model_validator(mode="before")
    @classmethod
    def _locate_builtin_images(cls, given: Any) -> Any:
        """SageMaker's own images have another URI in each region."""
        if not isinstance(given, Mapping):
            return given
        sections = {name: given[name] for name in ("training", "endpoint") if isinstance(given.get(name), Mapping)}
        located = {
            name: {**section, "image": located_image(section["image"], given.get("region"))}
            for name, section in sections.items()
            if "image" in section
        }
        return {**given, **located}

    @property
    def names(self) -> Names:
        return Names(self.name, self.stage)

    @property
    def facts(self) -> ProblemFacts:
        """What depends on the problem."""
        return PROBLEMS[self.problem]

    @property
    def metric(self) -> str:
        """The primary metric: of the gate, of the search and of every comparison."""
        return self.gate.metric or next(iter(self.facts.metrics))

    @property
    def metric_against(self) -> str:
        """The rows that the primary metric compares the table's with; "" where a known target measures it."""
        return self.facts.against if self.data.target is None else ""

    @property
    def direction(self) -> Direction:
        """Which values of the primary metric are better."""
        return "maximize" if self.metric == VALUE_METRIC else self.facts.metrics[self.metric]

    @property
    def algorithms(self) -> tuple[AlgorithmName, ...]:
        """The algorithms that are searched: those of the settings, the user's own script, or those of the problem."""
        if self.training.image:
            return (IMAGE,)
        return self.tuning.algorithms or ((SCRIPT,) if self.training.script else self.facts.default_algorithms)

    @property
    def has_own_model(self) -> bool:
        """Whether training and server are both the user's: nothing of Slipway's can then read the model."""
        return bool(self.training.image and self.endpoint.image)

    @property
    def has_builtin_training(self) -> bool:
        """Whether SageMaker's own XGBoost image trains."""
        return is_builtin(self.training.image)

    @property
    def objective_metric(self) -> str:
        """What a training job calls the primary metric of the validation split."""
        named = METRICS[self.problem][self.metric] if self.has_builtin_training else self.metric
        return f"validation:{named}"

    @property
    def search(self) -> HyperparameterSearch:
        """The hyperparameter search, with what the settings leave to the problem."""
        return search_of(self.tuning, self.algorithms)
