"""Whether a contract is valid by itself: checked by the gate before a rollout, and by the server before it listens."""

from collections import Counter
from collections.abc import Iterator

from pipeline_steps.artifact.contract import MAX_PAYLOAD_BYTES, Contract
from pipeline_steps.features.columns import FeatureColumn, NumberColumn
from pipeline_steps.tables.cells import LARGEST_NUMBER, category, quoted


def contract_errors(contract: Contract) -> Iterator[str]:
    """What is wrong with `contract`, a sentence each."""
    names = [column.name for column in contract.columns]
    if not names:
        yield "contract.json must name at least one column, got none"
    for name, count in Counter(names).items():
        if count > 1:
            yield f"column {name} must be named once, got {count} times"
    low, high = contract.problem.headline_range
    if not low <= (threshold := contract.decision.get("threshold", low)) <= high:
        yield f"decision.threshold must be in {low:g}..{high:g}, got {threshold}"
    if (output := contract.output.get("name")) != contract.problem.output:
        yield f"output.name must be {contract.problem.output}, which model.onnx gives, got {quoted(output)}"
    if not 1 <= contract.max_payload_rows <= MAX_PAYLOAD_BYTES:
        yield f"max_payload_rows must be in 1..{MAX_PAYLOAD_BYTES}, got {contract.max_payload_rows}"
    for column in contract.columns:
        yield from _column(column)


def _column(column: FeatureColumn) -> Iterator[str]:
    if isinstance(column, NumberColumn):
        if not -LARGEST_NUMBER <= column.min <= column.max <= LARGEST_NUMBER:
            yield f"column {column.name} must have a range from low to high, got {column.min} to {column.max}"
        return
    texts = [category(text) if isinstance(text, str) else text for text in column.categories]
    if twice := [text for text, count in Counter(texts).items() if count > 1]:
        yield f"column {column.name} must name a category once, got {quoted(twice[0])} twice"
    if wrong := [text for text in column.categories if not isinstance(text, str) or not text]:
        yield f"column {column.name} must have categories of at least one character, got {quoted(wrong[0])}"
    if not 0 <= column.other_code <= len(column.categories):
        yield f"column {column.name} must have other_code in 0..{len(column.categories)}, got {column.other_code}"
