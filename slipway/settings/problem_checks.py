"""What the sections ask for and the problem does not have, by the keys of the settings."""

from collections.abc import Iterator

from slipway.settings.data import Data
from slipway.settings.decision_rule import DecisionRule, Value
from slipway.settings.gate import Gate
from slipway.settings.problems import PROBLEMS, SHARES, VALUE_METRIC, ProblemFacts, ProblemName

_DIFFERENCES = (
    "min_gain_over_naive",
    "max_loss_to_reference",
    "max_loss_to_champion",
    "max_train_validation_gap",
)
_OPTIONAL_VALUES = ("true_negative",)


def problem_errors(
    problem: ProblemName, *, data: Data, decision: DecisionRule, gate: Gate, value: Value | None
) -> Iterator[str]:
    """Each key that must be there and is not, or is there and must not be."""
    facts = PROBLEMS[problem]
    yield from _data_errors(problem, facts, data)
    yield from _value_errors(problem, facts, value, has_target=data.target is not None)
    yield from _decision_errors(problem, facts, decision, has_value=value is not None)
    if facts.target == "optional" and data.target is None and decision.maximise not in (None, "top_share"):
        yield f"decision.maximise must be top_share without data.target, got {decision.maximise}"
    yield from _gate_errors(problem, facts, gate, has_value=value is not None)


def _data_errors(problem: ProblemName, facts: ProblemFacts, data: Data) -> Iterator[str]:
    if facts.target == "needed" and data.target is None:
        yield f"data.target must be given with problem {problem}"
    if facts.target == "none" and data.target is not None:
        yield f"data.target must be left out with problem {problem}, which learns from no target, got {data.target}"
    labelled = facts.positive_label and data.target is not None
    if labelled and data.positive_label is None:
        yield f"data.positive_label must be given with problem {problem}: the value of {data.target} that is positive"
    if data.positive_label is not None and not labelled:
        with_problem = f"with problem {problem}" if not facts.positive_label else "without data.target"
        yield f"data.positive_label must be left out {with_problem}, got {data.positive_label}"


def _value_errors(problem: ProblemName, facts: ProblemFacts, value: Value | None, *, has_target: bool) -> Iterator[str]:
    if value is None:
        return
    if not facts.value:
        yield f"value must be left out with problem {problem}"
        return
    if not has_target and facts.target == "optional":
        yield f"value must be left out without data.target: which rows are {problem} is not known"
        return
    given = value.model_dump(exclude_none=True, exclude={"currency"})
    if wrong := [name for name in given if name not in facts.value]:
        yield f"value must have {', '.join(facts.value)} with problem {problem}, got {', '.join(wrong)}"
    if missing := [name for name in facts.value if name not in given and name not in _OPTIONAL_VALUES]:
        yield f"value must have {', '.join(missing)} with problem {problem}"


def _decision_errors(
    problem: ProblemName, facts: ProblemFacts, decision: DecisionRule, *, has_value: bool
) -> Iterator[str]:
    if decision.maximise and decision.maximise not in facts.maximised:
        allowed = f"be of {', '.join(facts.maximised)}" if facts.maximised else "be left out"
        yield f"decision.maximise must {allowed} with problem {problem}, got {decision.maximise}"
    elif decision.maximise == "value" and not has_value:
        yield "decision.maximise must be of another kind without [value], got value"
    if decision.interval is not None and not facts.intervals:
        yield f"decision.interval must be left out with problem {problem}, got {decision.interval}"


def _gate_errors(problem: ProblemName, facts: ProblemFacts, gate: Gate, *, has_value: bool) -> Iterator[str]:
    allowed = [*facts.metrics, *([VALUE_METRIC] if facts.value else [])]
    if gate.metric and gate.metric not in allowed:
        yield f"gate.metric must be one of {', '.join(allowed)} with problem {problem}, got {gate.metric}"
    elif gate.metric == VALUE_METRIC and not has_value:
        yield f"gate.metric must be another metric without [value], got {VALUE_METRIC}"
    metric = gate.metric or next(iter(facts.metrics))
    for key in ("threshold", *_DIFFERENCES):
        given = getattr(gate, key)
        if metric not in SHARES or given is None:
            continue
        if not 0 <= given <= 1:
            yield f"gate.{key} must be in 0..1 with metric {metric}, got {given}"
        elif key == "threshold" and given == (0 if facts.metrics.get(metric, "maximize") == "maximize" else 1):
            yield f"gate.{key} must not be {given:g} with metric {metric}, which no model is worse than: leave it out"
    if gate.accuracy_target is not None and "accuracy" not in facts.metrics:
        yield f"gate.accuracy_target must be left out with problem {problem}, got {gate.accuracy_target}"
