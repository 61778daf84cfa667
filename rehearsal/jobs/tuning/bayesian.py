"""Bayesian search by Optuna's tree-structured Parzen estimator."""

from collections.abc import Sequence

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from rehearsal.jobs.tuning.ranges import CategoricalRange, NumericRange, ParameterRange
from rehearsal.jobs.tuning.search import Candidate


class BayesianSearch:
    """Learns from every result that has come in; with one job at a time a seed fixes the whole sequence.

    Numbers are searched on the unit interval and mapped by their range, so a range means the same in every strategy.
    """

    def __init__(self, ranges: Sequence[ParameterRange], *, jobs: int, maximize: bool, seed: int | None) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._ranges = ranges
        startup = min(10, max(2, jobs // 3))
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup)
        self._study = optuna.create_study(direction="maximize" if maximize else "minimize", sampler=sampler)
        self._space = {each.name: _distribution(each) for each in ranges}
        self._trials: dict[int, optuna.Trial] = {}

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
