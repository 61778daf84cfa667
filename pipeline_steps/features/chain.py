"""Methods that are fitted one after another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline_steps.errors import DataError
from pipeline_steps.features.execution import node_values
from pipeline_steps.features.fitted import InSequence, Unchanged
from pipeline_steps.features.method import CrossFitted, Fitted, Method, Sample, Values


@dataclass(frozen=True)
class NamedMethod:
    """A method with the words that errors name it by, such as `scale standard`."""

    what: str
    method: Method


def fit_sequence(steps: Sequence[NamedMethod], sample: Sample) -> tuple[Fitted, Values]:
    """Fit each method on what the ones before it give; gives all of them, and the values of the training rows.

    Raises:
        DataError: a method gives no number for a training row.
        StepError: a method's nodes do not give what the method gives.
    """
    fitted: list[Fitted] = []
    for step in steps:
        found, values = _fit(step, sample)
        fitted.append(found)
        sample = replace(sample, features=found.features, values=values)
    return (InSequence(tuple(fitted)) if fitted else Unchanged(sample.features)), sample.values


def _fit(step: NamedMethod, sample: Sample) -> tuple[Fitted, Values]:
    if isinstance(step.method, CrossFitted):
        fitted, training = step.method.cross_fit(sample)
        node_values(fitted, sample.values, what=step.what)
        return fitted, training
    fitted = step.method.fit(sample)
    training = node_values(fitted, sample.values, what=step.what)
    _refuse_no_numbers(step, sample, training)
    return fitted, training


def _refuse_no_numbers(step: NamedMethod, sample: Sample, given: Values) -> None:
    """Of a method with a column for each column: what was a number must stay one."""
    if given.shape != sample.values.shape:
        return
    lost = np.isfinite(sample.values) & ~np.isfinite(given)
    if lost.any():
        row, place = np.argwhere(lost)[0]
        value, name = sample.values[row, place], sample.features[place].name
        raise DataError(
            f"features: {step.what} must give a number for every value of column {name} in training, got none for "
            f"{value:g}: choose another method for it by [[features.rules]]"
        )
