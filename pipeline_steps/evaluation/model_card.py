"""A model card by SageMaker's schema, as a model package of the registry and `CreateModelCard` take it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline_steps.rounding import counted, rounded
from pipeline_steps.tables.use_case import UseCase

_SHORT, _AXIS, _NAME, _TEXT, _LONG, _OBSERVATION = 63, 63, 255, 1024, 2048, 2096
"""The schema's longest texts."""
_LONGEST_CONTENT = 100_000
_MOST_CLASSES = 20
_MOST_COLUMNS = 50
_MOST_METRICS = 50
_MOST_HYPERPARAMETERS = 100


def model_card(
    evaluation: Mapping[str, Any], quality: Mapping[str, Any], trained: Mapping[str, Any], use_case: UseCase
) -> dict[str, Any]:
    """Write the card of the candidate.

    Args:
        evaluation: the content of `evaluation.json`.
        quality: its part in SageMaker's model quality format.
        trained: the candidate's `metrics.json`.
        use_case: what it was trained for.
    """
    return {
        "model_overview": {"model_creator": "Slipway"},
        "intended_uses": {
            "purpose_of_model": _cut(_purpose(use_case), _LONG),
            "factors_affecting_model_efficiency": _cut(_weak_segments(evaluation["segments"]), _LONG),
            "risk_rating": "Unknown",
        },
        "business_details": {"business_problem": _cut(_business(use_case, evaluation), _LONG)},
        "training_details": _training(evaluation, trained),
        "evaluation_details": [_on_test_split(evaluation, quality)],
        "additional_information": {
            "caveats_and_recommendations": _cut(_caveats(evaluation), _LONG),
            "custom_details": {"problem": use_case.problem, "model_sha256": evaluation["model"]["sha256"]},
        },
    }


def _training(evaluation: Mapping[str, Any], trained: Mapping[str, Any]) -> dict[str, Any]:
    primary = evaluation["primary_metric"]
    return {
        "objective_function": {
            "function": {"function": primary["direction"].capitalize(), "facet": _cut(primary["name"], _SHORT)},
            "notes": _cut(f"{evaluation['algorithm']}: {evaluation['choice']['words']}{_against(primary)}", _TEXT),
        },
        "training_observations": _cut(evaluation["fit"]["words"], _TEXT),
        "training_job_details": {
            "training_metrics": list(_training_metrics(trained)),
            "hyper_parameters": list(_hyperparameters(trained)),
        },
    }


def _on_test_split(evaluation: Mapping[str, Any], quality: Mapping[str, Any]) -> dict[str, Any]:
    gate, data = evaluation["gate"], evaluation["data"]
    return {
        "name": "test split",
        "evaluation_observation": _cut(f"{_seen(evaluation)}the gate: {gate['reasons']}", _OBSERVATION),
        "metadata": {
            "rows": str(data["rows"]["test"]),
            "sha256": str(data["sha256"]["test"]),
            "confidence": f"{gate['confidence']:g}",
        },
        "metric_groups": list(_metric_groups(evaluation, quality)),
    }


def content(card: Mapping[str, Any]) -> str:
    """Write the card as a model package takes it: on one line, and without the largest charts where it is too long."""
    (evaluation,) = card["evaluation_details"]
    groups = evaluation["metric_groups"]
    while len(text := _line_of_json({**card, "evaluation_details": [{**evaluation, "metric_groups": groups}]})) > (
        _LONGEST_CONTENT
    ):
        largest = max((each for group in groups for each in group["metric_data"]), key=lambda each: len(str(each)))
        kept = [
            {**group, "metric_data": [each for each in group["metric_data"] if each is not largest]} for group in groups
        ]
        groups = [group for group in kept if group["metric_data"]]
    return text


def _line_of_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _purpose(use_case: UseCase) -> str:
    what = f"{use_case.problem} model of {use_case.target}" if use_case.target else f"{use_case.problem} model"
    return f"{what} from {counted(len(use_case.columns), 'column')}: {', '.join(use_case.names)}"


def _business(use_case: UseCase, evaluation: Mapping[str, Any]) -> str:
    if (value := evaluation["value"]) is None:
        return "no value of a prediction was given"
    return (
        f"1,000 predictions are worth {rounded(value['per_1000'])} {value['currency']} on the test split, "
        f"by the values {dict(use_case.value or {})}"
    )


def _against(primary: Mapping[str, Any]) -> str:
    return f"; {primary['name']} is measured against {primary['against']}" if primary["against"] else ""


def _weak_segments(segments: Mapping[str, Any]) -> str:
    worse = [each for each in segments["worst"] if each["worse_than_others"]]
    beyond = "worse" if segments["is_error"] else "higher"
    if not worse:
        return f"no segment is proven {beyond} than the other rows: {segments['words']}"
    listed = "; ".join(
        f"{each['column']} {each['segment']}: {rounded(each['loss'])} "
        f"({rounded(each['low'])} to {rounded(each['high'])})"
        for each in worse
    )
    return f"{beyond} than on other rows by mean {segments['loss']} ({rounded(segments['mean_loss'])} in all): {listed}"


def _seen(evaluation: Mapping[str, Any]) -> str:
    seen = evaluation["champion_seen_test_rows"]
    return f"the champion was trained on {seen} of the test rows; " if seen else ""


def _caveats(evaluation: Mapping[str, Any]) -> str:
    decision = evaluation["decision"]["chosen"]
    chosen = "; ".join(f"{name} {value}" for name, value in decision.items())
    return f"decision: {chosen or 'the problem has none'}; intervals hold for rows like those of the test split"


def _training_metrics(trained: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    found = [(f"{split}:{name}", value) for split in ("train", "validation") for name, value in trained[split].items()]
    for name, value in found[:_MOST_METRICS]:
        yield {"name": _cut(name, _NAME), "value": value}


def _hyperparameters(trained: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    given = {name: value for name, value in trained["hyperparameters"].items() if value not in (None, "", {})}
    for name, value in list(given.items())[:_MOST_HYPERPARAMETERS]:
        yield {"name": _cut(name, _NAME), "value": _cut(str(value), _NAME)}


def _metric_groups(evaluation: Mapping[str, Any], quality: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for model, intervals in evaluation["intervals"].items():
        if intervals:
            yield {"name": model, "metric_data": list(_numbers(intervals, evaluation["against"]))}
    for section, found in quality.items():
        if data := list(_charts(found)):
            yield {"name": section, "metric_data": data}
    importance = evaluation["importance"]["columns"][:_MOST_COLUMNS]
    if importance:
        names = [each["column"] for each in importance]
        values = [each["importance"] for each in importance]
        yield {"name": "importance", "metric_data": [_bars("permutation importance", names, values)]}
    if coefficients := evaluation["coefficients"]:
        strongest = coefficients["terms"][:_MOST_COLUMNS]
        names = [each["change"] for each in strongest]
        bars = _bars("coefficient", names, [each["coefficient"] for each in strongest])
        notes = f"{coefficients['meaning']}; {coefficients['scale']}"
        yield {"name": "coefficients", "metric_data": [bars | {"notes": notes}]}
    if curve := evaluation["learning_curve"]:
        lines = [
            _line(f"{split} metric by rows", [(each["rows"], each[split]) for each in curve], "rows", split)
            for split in ("train", "validation")
        ]
        yield {"name": "learning curve", "metric_data": lines}


def _numbers(intervals: Mapping[str, Mapping[str, float]], against: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name, found in intervals.items():
        notes = f"interval {rounded(found['low'])} to {rounded(found['high'])}"
        if name in against:
            notes += f"; against {against[name]}"
        yield {"name": _cut(name, _NAME), "type": "number", "value": found["value"], "notes": notes}


def _charts(quality: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if (matrix := quality.get("confusion_matrix")) and len(matrix) <= _MOST_CLASSES:
        names = [_cut(str(name), _AXIS) for name in matrix]
        cells = [list(row.values()) for row in matrix.values()]
        yield {
            "name": "confusion_matrix",
            "type": "matrix",
            "value": cells,
            "x_axis_name": names,
            "y_axis_name": names,
            "notes": "rows are actual labels, columns predicted ones",
        }
    if roc := quality.get("receiver_operating_characteristic_curve"):
        points = zip(roc["false_positive_rates"], roc["true_positive_rates"], strict=True)
        yield _line("receiver_operating_characteristic_curve", points, "false positive rate", "true positive rate")
    if curve := quality.get("precision_recall_curve"):
        points = zip(curve["recalls"], curve["precisions"], strict=True)
        yield _line("precision_recall_curve", points, "recall", "precision")


def _line(name: str, points: Iterable[tuple[float, float]], across: str, up: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "linear_graph",
        "value": [list(point) for point in points],
        "x_axis_name": across,
        "y_axis_name": up,
    }


def _bars(name: str, names: Sequence[str], values: Sequence[float]) -> dict[str, Any]:
    axis = [_cut(each, _AXIS) for each in names]
    return {"name": name, "type": "bar_chart", "value": list(values), "x_axis_name": axis, "y_axis_name": name}


def _cut(text: str, longest: int) -> str:
    """Give `text` on one line, within the schema's length."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
