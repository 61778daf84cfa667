"""The hyperparameters of each algorithm, from the container's own lists."""

from collections.abc import Mapping

from pipeline_steps.algorithms.bounds import Bounds, Choice, Hyperparameter
from pipeline_steps.algorithms.registry import REGISTRY
from scripts.reference.table import table

_OF_THE_PIPELINE = "seed"


def hyperparameters_page() -> str:
    """A section for each algorithm, with a row for each hyperparameter that settings may name."""
    return "\n\n".join(f"### {name}\n\n{_rows(entry.hyperparameters)}" for name, entry in REGISTRY.items())


def _rows(found: Mapping[str, Hyperparameter]) -> str:
    rows = [(f"`{name}`", *_described(one)) for name, one in found.items() if name != _OF_THE_PIPELINE]
    return table(("hyperparameter", "type", "default", "allowed"), rows)


def _described(one: Hyperparameter) -> tuple[str, str, str]:
    if isinstance(one, Bounds):
        default = "chosen by the data" if one.default is None else f"`{one.default:g}`"
        return "whole number" if one.whole else "number", default, f"{one.low:g}..{one.high:g}"
    if isinstance(one, Choice):
        return "name", f"`{one.default}`", ", ".join(f"`{name}`" for name in one.names)
    return "columns with a sign", "none", "`+column,-column`"
