"""A training job's hyperparameters: SageMaker passes them as strings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_steps.algorithms.bounds import MEANINGFUL, Bounds, Hyperparameter
from pipeline_steps.algorithms.registry import REGISTRY
from pipeline_steps.errors import ArgumentError
from pipeline_steps.features.overrides import PREFIX
from pipeline_steps.problems.problem import Likelihood
from pipeline_steps.tables.cells import quoted

DATA_FINGERPRINT = "data_fingerprint"
"""A parameter that changes with the data, for SageMaker's step cache; training itself ignores it."""


@dataclass(frozen=True)
class Hyperparameters:
    """What a job is fitted with; `features` take the place of what the recipe has at their paths."""

    algorithm: str
    values: Mapping[str, Any]
    features: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Hyperparameters":
        """Read what `to_document` wrote."""
        known = REGISTRY[document["algorithm"]].hyperparameters
        values = {name: document.get(name, _default(name, one)) for name, one in known.items()}
        return cls(document["algorithm"], values, _of_the_recipe(document))

    def to_document(self, likelihood: Likelihood) -> dict[str, Any]:
        """Give the values that mean something for a target of this likelihood; of a script's own names all do."""
        meaningful = MEANINGFUL if self.algorithm in REGISTRY else {}
        values = {
            name: value for name, value in self.values.items() if likelihood in meaningful.get(name, (likelihood,))
        }
        return {"algorithm": self.algorithm, **values, **self.features}


def parse_hyperparameters(given: Mapping[str, Any]) -> Hyperparameters:
    """Check `given` against what the algorithm takes, defaults filled in.

    SageMaker adds keys of its own (`_tuning_objective_metric`, `sagemaker_…`); they are left out.

    Raises:
        ArgumentError: the algorithm, a key or a value is not acceptable.
    """
    own = {key: value for key, value in given.items() if not key.startswith(("_", "sagemaker_"))}
    own.pop(DATA_FINGERPRINT, None)
    algorithm, features = own.pop("algorithm", None), _of_the_recipe(own)
    if algorithm not in REGISTRY:
        raise ArgumentError(f"hyperparameter algorithm must be one of {', '.join(REGISTRY)}, got {quoted(algorithm)}")
    own = {name: value for name, value in own.items() if name not in features}
    if errors := list(hyperparameter_errors(algorithm, own.items())):
        raise ArgumentError("\n".join(errors))
    known = REGISTRY[algorithm].hyperparameters
    return Hyperparameters(
        algorithm,
        {name: one.parse(name, str(own[name])) if name in own else _default(name, one) for name, one in known.items()},
        features,
    )


def hyperparameter_errors(algorithm: str, given: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with `given`, a line each; a name may have several values, such as the ends of its range."""
    known, given = REGISTRY[algorithm].hyperparameters, tuple(given)
    if unknown := sorted({name for name, _ in given} - known.keys()):
        yield f"hyperparameters of {algorithm} are {', '.join(known)}; got {', '.join(unknown)}"
    for name, value in given:
        try:
            if name in known:
                known[name].parse(name, str(value))
        except ArgumentError as exc:
            yield str(exc)


def _of_the_recipe(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in given.items() if name.startswith(PREFIX)}


def _default(name: str, hyperparameter: Hyperparameter) -> Any:
    if hyperparameter.default is None:
        return None
    if isinstance(hyperparameter, Bounds):
        return int(hyperparameter.default) if hyperparameter.whole else float(hyperparameter.default)
    return hyperparameter.parse(name, hyperparameter.default)
