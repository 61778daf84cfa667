"""Bayesian search by Optuna's tree-structured Parzen estimator."""

from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from rehearsal.jobs.tuning.ranges import CategoricalRange, NumericRange, ParameterRange
from rehearsal.jobs.tuning.strategies import Candidate


class BayesianSearch:
    """Learns from every result that it is given; the same results in the same order give the same candidates.

    Numbers are searched on the unit interval and mapped by their range, so a range means the same in every strategy.
    Candidates that have no result yet count as bad ones, so that jobs side by side try different places.
    """

    learns = True

    def __init__(self, ranges: Sequence[ParameterRange], *, jobs: int, maximize: bool, seed: int | None) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._ranges = ranges
        startup = min(10, max(2, jobs // 3))
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True)
        self._study = optuna.create_study(direction="maximize" if maximize else "minimize", sampler=sampler)
        self._space = {each.name: _distribution(each) for each in ranges}
        self._trials: dict[int, optuna.Trial] = {}

    def learn(self, earlier: Sequence[tuple[Mapping[str, str], float]]) -> None:
        """Start from the results of other searches; values outside of the ranges are passed over."""
        for candidate, objective in earlier:
            places = {each.name: _place(each, candidate.get(each.name)) for each in self._ranges}
            known = {name: place for name, place in places.items() if place is not None}
            if len(known) == len(places):
                self._study.add_trial(create_trial(params=known, distributions=self._space, value=objective))

    def ask(self) -> tuple[int, Candidate]:
        trial = self._study.ask(self._space)
        self._trials[trial.number] = trial
        return trial.number, {each.name: _value(each, trial.params[each.name]) for each in self._ranges}

    def tell(self, number: int, objective: float | None) -> None:
        trial = self._trials.pop(number)
        if objective is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            self._study.tell(trial, objective)


def _distribution(bounds: ParameterRange) -> BaseDistribution:
    if isinstance(bounds, CategoricalRange):
        return CategoricalDistribution(bounds.values)
    return FloatDistribution(0.0, 1.0)


def _value(bounds: ParameterRange, drawn: float | str) -> str:
    return bounds.at(float(drawn)) if isinstance(bounds, NumericRange) else str(drawn)


def _place(bounds: ParameterRange, value: str | None) -> float | str | None:
    """Where a value lies in the search space; None where it is outside."""
    if value is None:
        return None
    if isinstance(bounds, NumericRange):
        return bounds.position_of(value)
    return value if value in bounds.values else None
