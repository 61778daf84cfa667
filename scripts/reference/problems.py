"""The problems: what the settings may ask of each."""

from collections.abc import Iterable

from scripts.reference.table import table
from slipway.settings.hyperparameters import ALGORITHMS
from slipway.settings.problems import PROBLEMS, ProblemFacts, ProblemName, parameter_of


def problems_page() -> str:
    """A row for each problem, and one for each of its metrics."""
    rows = [_row(name, facts) for name, facts in PROBLEMS.items()]
    head = ("problem", "target", "algorithms, the default first", "reference", "`decision`", "`value`")
    metrics = [(f"`{name}`", _listed(facts.metrics), _listed(_minimised(facts))) for name, facts in PROBLEMS.items()]
    return f"{table(head, rows)}\n{table(('problem', 'metrics, the default first', 'of which low is better'), metrics)}"


def _row(name: ProblemName, facts: ProblemFacts) -> tuple[str, ...]:
    possible = [algorithm for algorithm, entry in ALGORITHMS.items() if name in entry.problems]
    algorithms = sorted(possible, key=lambda each: each not in facts.default_algorithms)
    target = facts.target + (", with `positive_label`" if facts.positive_label else "")
    decisions = [f"`{one}`" + (f" with `{number}`" if (number := parameter_of(one)) else "") for one in facts.maximised]
    decisions += ["`interval`"] * facts.intervals
    return f"`{name}`", target, _listed(algorithms), f"`{facts.reference}`", ", ".join(decisions), _listed(facts.value)


def _minimised(facts: ProblemFacts) -> Iterable[str]:
    return [metric for metric, direction in facts.metrics.items() if direction == "minimize"]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
