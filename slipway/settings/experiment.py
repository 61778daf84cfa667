"""An experiment on the live endpoint: several approved models serve shares of the users, and the best one stays."""

from collections.abc import Iterator
from math import ceil
from typing import Self

from pydantic import Field, model_validator

from slipway.experiment.experiment_plan import ExperimentPlan, Mode, Reward, Test
from slipway.settings.section import Section, raise_each

_LEAST_EFFECT = 1e-6
"""In standard deviations of a reward: a smaller difference takes more requests than any endpoint ever gets; as a share
of yes, too."""
MOST_POLLS = 2000
"""An execution of the experiment's function may have 3,000 operations; each poll is one or two."""


class Experiment(Section):
    """The live model, the champion, and challengers serve shares of the users; outcomes decide which one stays.

    Challengers are approved packages. A fixed split keeps the shares; Thompson sampling gives an arm more of them the
    likelier it is the best. Either way one test decides, when the planned number of requests has an outcome.
    """

    mode: Mode = "thompson"
    """`thompson` moves the weights by the rewards; `split` keeps them, and needs fewer requests."""
    challengers: int = Field(1, ge=1, le=4)
    """Number of models beside the champion: the newest approved ones, unless the command names others."""
    reward: Reward = "yes_no"
    """What an outcome is: `yes_no`, such as bought or not, or a `value`, such as money."""
    expected: float
    """The champion's mean reward, which the planned size is computed from; of `yes_no`, its share."""
    spread: float | None = Field(None, ge=1e-12, le=1e15)
    """Standard deviation of a `value`."""
    least: float | None = None
    """Least `value`; outcomes below count as it."""
    greatest: float | None = None
    """Greatest `value`; outcomes above count as it."""
    effect: float = Field(gt=0)
    """The smallest difference of the means that matters; of `non_inferiority`, the margin."""
    test: Test = "two_sided"
    """`two_sided`: a challenger must be better; `non_inferiority`: it must not be worse by `effect`."""
    confidence: float = Field(0.95, ge=0.5, le=0.9999)
    """Of the decision, for all challengers together."""
    power: float = Field(0.8, ge=0.5, le=0.9999)
    """Probability that a challenger wins that is better by `effect`; of `non_inferiority`, one as good."""
    floor: float = Field(0.1, ge=0.01, lt=1)
    """Least share of each arm where weights move: an arm without requests could not be compared any more."""
    champion_share: float | None = Field(None, gt=0, lt=1)
    """The champion's share of the requests in a `split`; without it all arms have the same."""
    outcome_seconds: int = Field(3600, ge=10, le=30 * 86_400)
    """Age of a request at which its outcome counts, if it has arrived by then; the same in all arms."""
    update_minutes: int = Field(60, ge=10, le=24 * 60)
    """Time between two changes of the weights."""
    max_days: int = Field(28, ge=1, le=180)
    """Longest time; then it is decided by what there is."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        raise_each(self._errors())
        return self

    @property
    def arms(self) -> int:
        return 1 + self.challengers

    @property
    def max_polls(self) -> int:
        return ceil(self.max_days * 24 * 60 / self.update_minutes)

    def plan(self, arms: int | None = None) -> ExperimentPlan:
        """For so many arms, of those there are; all of them if not given."""
        return ExperimentPlan(
            mode=self.mode,
            reward=self.reward,
            test=self.test,
            arms=self.arms if arms is None else arms,
            expected=self.expected,
            spread=self.spread or 0.0,
            effect=self.effect,
            confidence=self.confidence,
            power=self.power,
            floor=self.floor,
            champion_share=self.champion_share,
        )

    def _errors(self) -> Iterator[str]:
        if self.reward == "yes_no":
            yield from self._share_errors()
        elif self.spread is None:
            yield "spread must be given with reward value: the planned size is computed from it"
        elif self.effect < _LEAST_EFFECT * self.spread:
            yield f"effect must be at least {_LEAST_EFFECT * self.spread:g}, a millionth of spread, got {self.effect:g}"
        if self.least is not None and self.greatest is not None and self.least >= self.greatest:
            yield f"least must be below greatest, got {self.least:g} and {self.greatest:g}"
        if self.mode == "thompson" and self.arms * self.floor >= 1:
            total = self.arms * self.floor
            yield f"floor must leave something of 1 for {self.arms} arms, got {self.floor:g}, together {total:g}"
        if self.mode == "thompson" and self.champion_share is not None:
            yield "champion_share must be left out with mode thompson, which sets the shares"
        if self.max_polls > MOST_POLLS:
            yield (
                f"max_days / update_minutes must be at most {MOST_POLLS} polls, got {self.max_polls}: "
                f"write update_minutes {ceil(self.max_days * 24 * 60 / MOST_POLLS)}"
            )

    def _share_errors(self) -> Iterator[str]:
        low, high = _LEAST_EFFECT, 1 - _LEAST_EFFECT
        if not low <= self.expected <= high:
            yield f"expected must be in {low:g}..{high:g} with reward yes_no, got {self.expected:g}"
        elif self.effect >= min(self.expected if self.test == "non_inferiority" else 1, 1 - self.expected):
            yield f"effect must leave a share in 0..1 beside expected {self.expected:g}, got {self.effect:g}"
        elif self.effect < _LEAST_EFFECT:
            yield f"effect must be at least {_LEAST_EFFECT:g} with reward yes_no, got {self.effect:g}"
        for name in ("spread", "least", "greatest"):
            if getattr(self, name) is not None:
                yield f"{name} must be left out with reward yes_no, whose share gives it"
