"""The report's part on the model: what was measured, what was decided, and where the model is worst."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.console.page_parts import interval, paragraphs, section, table
from rehearsal.journey.evaluation_summary import MODELS, decision_in_words, metric_in_words, quality_line
from slipway.rounding import rounded

_MOST_COLUMNS = 15


def model_section(evaluation: Mapping[str, Any]) -> str:
    """Everything that the evaluation says, as HTML, but for the pictures."""
    if not evaluation:
        return paragraphs(["No candidate was evaluated."])
    return "".join(
        [
            paragraphs(_sentences(evaluation)),
            _comparison(evaluation),
            section("Hyperparameters", _hyperparameters(evaluation)),
            section("Importance of the columns", _importance(evaluation.get("importance"))),
            section("Coefficients of the linear model", _coefficients(evaluation.get("coefficients"))),
            *_segments(evaluation.get("segments")),
        ]
    )


def _sentences(evaluation: Mapping[str, Any]) -> Iterator[str]:
    gate, primary = evaluation["gate"], evaluation["primary_metric"]
    better = "higher" if primary["direction"] == "maximize" else "lower"
    yield f"A model for the problem {evaluation['problem']}, by the algorithm {evaluation['algorithm']}."
    yield f"Candidate: {quality_line(evaluation)}. A {better} {primary['name']} is better."
    yield f"Decision: {decision_in_words(evaluation['decision']['chosen'], evaluation['problem'])}."
    yield f"Gate: {'passed' if gate['passed'] else 'refused'}: {gate['reasons']}."
    for name in ("choice", "fit"):
        found = evaluation.get(name) or {}
        kind = f"{found['kind']}: " if "kind" in found else ""
        if "words" in found:
            yield f"{name.capitalize()}: {kind}{found['words']}."
    if unlike := evaluation.get("champion_not_comparable"):
        yield f"Champion: {unlike['words']} ({unlike['model_package_arn']})."
    if seen := evaluation.get("champion_seen_test_rows"):
        yield f"Champion: it was trained on {seen:,} of the test rows, so that its figures are too good."


def _comparison(evaluation: Mapping[str, Any]) -> str:
    """Each metric of all models on the same test rows, with intervals."""
    models = evaluation["intervals"]
    names = [name for name in MODELS if models.get(name)]
    rows = [
        [metric_in_words(evaluation, metric), *(interval(models[name].get(metric)) for name in names)]
        for metric in models["candidate"]
        if any(metric in models[name] for name in names)
    ]
    return table(["test split", *names], rows)


def _hyperparameters(evaluation: Mapping[str, Any]) -> str:
    """Their values; a penalty that the training chose stands in the coefficients."""
    found = evaluation.get("hyperparameters") or {}
    values = {name: _hyperparameter(value) for name, value in found.items()}
    if values.get("alpha") == "not set" and (coefficients := evaluation.get("coefficients")):
        values["alpha"] = f"{rounded(coefficients['alpha'])}, by cross-validation of the training rows"
    return table(["name", "value"], sorted(values.items())) if values else ""


def _hyperparameter(value: Any) -> Any:
    if isinstance(value, Mapping):  # a direction for each column
        value = ", ".join(f"{column} {'rising' if sign > 0 else 'falling'}" for column, sign in value.items())
    return "not set" if value in (None, "") else value


def _importance(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    columns = found["columns"]
    rows = [[entry["column"], interval({**entry, "value": entry["importance"]})] for entry in columns[:_MOST_COLUMNS]]
    more = f", the first {_MOST_COLUMNS} of {len(columns)} columns" if len(columns) > _MOST_COLUMNS else ""
    what = f"By {found['method']}{more}; in units of {found['loss']}." if "loss" in found else f"By {found['method']}."
    return paragraphs([what]) + table(["column", "importance"], rows)


def _coefficients(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    terms = found["terms"]
    buckets = found.get("text_buckets", 0)
    count = len(terms) + found["left_out"] - buckets
    more = f", the {_MOST_COLUMNS} strongest of {count:,}" if count > _MOST_COLUMNS else ""
    more += f"; those of {buckets:,} buckets of texts, which have no names, are left out" if buckets else ""
    rows = [[entry["words"], rounded(entry["coefficient"])] for entry in terms[:_MOST_COLUMNS]]
    what = f"Exact, {found['scale']}; {found['meaning']}{more}."
    return paragraphs([what]) + table(["change", "coefficient"], rows)


def _segments(found: Mapping[str, Any] | None) -> Iterator[str]:
    """Where the model is worst; where no label says that, where what it gives is highest."""
    if not found or not found["worst"]:
        return
    rows = [
        [
            entry["column"],
            entry["segment"],
            entry["rows"],
            interval({**entry, "value": entry["loss"]}),
            "yes" if entry["worse_than_others"] else "no",
        ]
        for entry in found["worst"]
    ]
    mean = f"The mean {found['loss']} is {rounded(found['mean_loss'])}. {found['words']}."
    title, proven = f"Segments with the highest {found['loss']}", "proven higher"
    if found["is_error"]:
        title, proven = "Segments where the model is worst", "proven worse"
    yield section(title, paragraphs([mean]) + table(["column", "rows with", "rows", found["loss"], proven], rows))
