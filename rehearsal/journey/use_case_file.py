"""A commented TOML file for a table, made from what the container found in it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slipway.rounding import counted
from slipway.settings.hyperparameters import ALGORITHMS
from slipway.settings.problems import PROBLEMS, ProblemName

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SMALL, _LARGE = 2_000, 100_000
_FEW_OF_A_LABEL, _AFFORDABLE = 200, 20_000
_LONGEST_NAME = 24
_SHOWN = 6
_VALIDATION_PERCENT, _SCORED_ROWS = 20, 1_250
"""With fewer validation rows a score's rank is too uncertain for the analysis's own limit."""


def use_case_text(found: Mapping[str, Any], *, name: str, command: str) -> str:
    """Write the file; `found` is the answer of the container's verb `inspect`."""
    parts = (
        _head(found, name, command),
        _data(found),
        _columns(found),
        _search(found),
        _gate(found),
        _value(found),
        _rollout(found["usable_rows"]),
        _stages(),
    )
    return "\n".join("\n".join(part) + "\n" for part in parts)


def name_of(stem: str) -> str:
    """Make a use case's name of a file's."""
    words = re.findall(r"[a-z0-9]+", stem.lower())
    name = "-".join(words)[:_LONGEST_NAME].strip("-")
    return name if name[:1].isalpha() else f"table-{name}"[:_LONGEST_NAME].strip("-")


def quoted(text: str) -> str:
    """Write a text of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else quoted(name)


def _head(found: Mapping[str, Any], name: str, command: str) -> Iterator[str]:
    problem, target = found["problem"], found["target"]
    about = f"predicts {target['name']}" if target else f"{problem['problem']} of {counted(found['rows'], 'row')}"
    yield f"# Made by `{_one_line(command)}`. It runs as it is; change what you know better."
    yield f"name = {quoted(name)}"
    yield f"description = {quoted(about)}"
    yield f"problem = {quoted(problem['problem'])} # {_one_line(problem['reason'])}"


def _data(found: Mapping[str, Any]) -> Iterator[str]:
    yield "[data]"
    if target := found["target"]:
        labels = list(target["labels"].items())
        shown = ", ".join(f"{label} ({rows})" for label, rows in labels[:_SHOWN])
        of_numbers = found["problem"]["problem"] == "regression"
        yield f"target = {quoted(target['name'])}" + ("" if of_numbers else f" # {_one_line(shown)}")
        if positive := found["problem"]["positive_label"]:
            yield f"positive_label = {quoted(positive)}"
    if left_out := {name: why for name, why in found["left_out"].items() if name != found["split"]["column"]}:
        yield "# Columns that are left out, and why. To use one after all, give it a kind in [data.columns]."
        yield "ignore = ["
        yield from (f"  {quoted(name)}, # {_one_line(why)}" for name, why in left_out.items())
        yield "]"
    if dates := [column["name"] for column in found["columns"] if column["kind"] == "datetime"]:
        yield "# Requests have later dates than the rows of any training: as drift, that would roll good models back."
        yield f"exclude_from_drift = [{', '.join(map(quoted, dates))}]"
    if found["format"]["decimal"] != ".":
        yield ""
        yield "[data.format]"
        yield f"decimal = {quoted(found['format']['decimal'])} # as the table's numbers have it"
    yield ""
    yield from _split(found)


def _split(found: Mapping[str, Any]) -> Iterator[str]:
    split = found["split"]
    yield "# Rows that are held out. A row's own content decides, so that no row changes sides when others come or go."
    yield "[data.split]"
    yield f"validation_percent = {_VALIDATION_PERCENT}"
    yield "test_percent = 20"
    if split["seed"]:
        yield f"seed = {split['seed']} # of a few, the one whose splits have the same share of the target"
    if split["column"] is not None:
        yield f"method = {quoted(split['method'])} # many rows have equal features"
        yield f"column = {quoted(split['column'])}"
        return
    for time in found["times"][:1]:
        yield '# method = "time" # instead: the newest rows are the test, where the future is to be predicted'
        yield f"# column = {quoted(time)}"
    for group in found["groups"][:1]:
        yield '# method = "group" # instead: rows of one of these stay together, where new ones are to be predicted'
        yield f"# column = {quoted(group)}"


def _columns(found: Mapping[str, Any]) -> Iterator[str]:
    yield "# The features, in the order in which callers send them: number, category, boolean, datetime or text."
    yield "[data.columns]"
    yield from (f"{_key(column['name'])} = {quoted(column['kind'])}" for column in found["columns"])
    if names := found["by_characters"]:
        yield ""
        yield "# Texts of a script without blanks between words are read by characters."
        yield "[[features.rules]]"
        yield f"columns = [{', '.join(map(quoted, names))}]"
        yield 'vectorise = { method = "hashed_ngrams", ngrams = "characters" }'


def _search(found: Mapping[str, Any]) -> Iterator[str]:
    if few := _too_few(found):
        yield "[training]"
        yield f"folds = 5 # cross-validation: {few} are too few for one validation split"
        yield ""
    algorithms = _algorithms(found["problem"]["problem"], found["usable_rows"])
    yield "[tuning]"
    yield f"algorithms = [{', '.join(map(quoted, algorithms))}] # the best model wins, whichever made it"
    yield "max_jobs = 12"
    yield from _family(found["problem"].get("shape"), algorithms)


def _family(shape: str | None, algorithms: Sequence[str]) -> Iterator[str]:
    """Fit counts as counts; of a long tail, say how the logarithm can be fitted."""
    if shape is None:
        return
    yield ""
    if shape == "counts":
        yield "# The target has counts: the family poisson predicts above 0, and what raises it multiplies."
    else:
        yield "# A few numbers of the target are far larger than most. The family poisson fits the logarithm of what is"
        yield '# expected, and [gate] metric = "mae" keeps a few rows from deciding which model is better.'
    off = "" if shape == "counts" else "# "
    for algorithm in algorithms:
        if "family" in ALGORITHMS[algorithm].hyperparameters:
            yield f"{off}[tuning.{algorithm}.fixed]"
            yield f"{off}family = {quoted('poisson')}"


def _too_few(found: Mapping[str, Any]) -> str | None:
    """What one validation split would have too few of to choose a model and a threshold."""
    if not found["target"]:
        return None
    if found["usable_rows"] < _SMALL:
        return f"{counted(found['usable_rows'], 'row')}"
    positive = found["problem"]["positive_label"]
    rows = min(found["target"]["labels"].values()) if positive else _FEW_OF_A_LABEL
    return (
        f"{counted(rows, 'row')} of one label"
        if rows < _FEW_OF_A_LABEL and found["usable_rows"] <= _AFFORDABLE
        else None
    )


def _algorithms(problem: ProblemName, rows: int) -> tuple[str, ...]:
    facts = PROBLEMS[problem]
    if facts.target != "needed":
        return facts.default_algorithms
    return ("linear", "lightgbm") if rows > _LARGE else ("linear", "random_forest", "xgboost")


def _gate(found: Mapping[str, Any]) -> Iterator[str]:
    metrics = PROBLEMS[found["problem"]["problem"]].metrics
    first, *others = metrics
    yield "# A model must be proven better than none, and must not be proven worse than a simple one or the champion."
    if not found["target"] and PROBLEMS[found["problem"]["problem"]].target == "optional":
        yield "# Without labels: rows are distinguished from rows whose columns were permuted; not how many are found."
    yield "[gate]"
    yield f"metric = {quoted(first)} # or {', '.join(others)}"


def _value(found: Mapping[str, Any]) -> Iterator[str]:
    problem: ProblemName = found["problem"]["problem"]
    keys = PROBLEMS[problem].value
    if not keys or not found["target"]:
        yield f"# [value] is left out: there are no known outcomes to value with problem {problem}."
        return
    yield "# What a prediction is worth to you; with it, decisions maximise value, and the report is in money."
    yield "# [value]"
    yield '# currency = "EUR"'
    if keys == ("matrix",):
        labels = list(found["target"]["labels"])[:_SHOWN]
        yield "# [value.matrix] # by the actual label: what each predicted one is worth; 0 where it is left out"
        for actual in labels:
            wrong = ", ".join(f"{_key(label)} = -1.0" for label in labels if label != actual)
            yield f"# {_key(actual)} = {{ {wrong} }}"
        return
    yield from (f"# {key} = {_EXAMPLES.get(key, -1.0)}" for key in keys)


_EXAMPLES: Mapping[str, float] = {"true_positive": 5.0, "true_negative": 0.0, "false_negative": 0.0}


def _rollout(rows: int) -> Iterator[str]:
    yield "# A quarter of the users meet a new model first; it is compared with the live one, and rolled back if worse."
    yield "[rollout.canary_analysis]"
    yield "enabled = true"
    yield 'without_evidence = "proceed" # too few requests to prove it safe: it goes live and is reported as unproven'
    validation = rows * _VALIDATION_PERCENT // 100
    if validation < _SCORED_ROWS:
        yield f"scores = false # {validation} validation rows are too few to compare where scores lie"
    else:
        yield f"baseline_rows = {validation} # of the validation split"


def _stages() -> Iterator[str]:
    yield "[stages.dev]"
    yield "keep_data = false # buckets and models are deleted with the stacks"
    yield ""
    yield "# A rehearsal's canary meets a few hundred users: for a margin of 5 points it bakes for eight minutes."
    yield "[stages.dev.rollout]"
    yield "bake_seconds = 480"
    yield ""
    yield "# A laptop's latencies jitter."
    yield "[stages.dev.rollout.canary_analysis]"
    yield from ("min_requests = 100", "error_tolerance = 0.05", "latency_noise = 3.0", "latency_tolerance = 20.0")
    yield "score_limit = 0.18"
    yield ""
    yield "# Record the traffic of quiet hours (`slipway plan` reads it): bake, canary and margins then follow from it."
    yield "# [stages.prod.rollout]"
    yield "# requests_per_second = 5.0"
    yield '# plan = "auto"'


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
