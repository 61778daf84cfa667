"""Whether every request that the champion accepts is accepted by the candidate too, and means the same to it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn, NumberColumn, kind_of
from pipeline_steps.features.text_column import TextColumn
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import quoted

_NAMED = 5
_SEVERAL = 2
_CODE_LENGTH = 12


@dataclass(frozen=True)
class Comparison:
    """`reasons` break callers; `notes` break none, but a person may want to know."""

    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def change(self) -> str:
        """A code of what breaks callers: the same for all that break the same; empty where nothing does."""
        text = "\n".join(sorted(self.reasons))
        return hashlib.sha256(text.encode()).hexdigest()[:_CODE_LENGTH] if text else ""


def compare(
    champion: Contract, candidate: Contract, *, outputs: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> Comparison:
    """Compare two contracts; `outputs` are champion's and candidate's as `contract.json` writes them."""
    pairs = [(old, new) for old in champion.columns for new in candidate.columns if old.name == new.name]
    reasons = [
        *_columns(champion.columns, candidate.columns),
        *(reason for old, new in pairs for reason in _column(old, new)),
        *_output(champion, candidate, *outputs),
    ]
    if candidate.max_payload_rows < champion.max_payload_rows:
        reasons.append(
            f"max_payload_rows must be at least {champion.max_payload_rows}, got {candidate.max_payload_rows}"
        )
    notes = [note for old, new in pairs for note in _notes(old, new)]
    notes += _decision(champion.decision, candidate.decision)
    return Comparison(tuple(reasons), tuple(notes))


def _decision(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if isinstance(before, float) and isinstance(after, float) and before != after:
            yield f"the {name} goes from {before:g} to {after:g}"
        elif before != after:
            yield f"the decision's {name} is another one"


def _columns(old: Sequence[FeatureColumn], new: Sequence[FeatureColumn]) -> Iterator[str]:
    """Names and places: CSV callers send cells by place, and the server takes neither more nor fewer of them."""
    olds, news = [column.name for column in old], [column.name for column in new]
    renamed = {
        before: after
        for before, after in zip(olds, news, strict=False)
        if len(olds) == len(news) and before not in news and after not in olds
    }
    sent = counted(len(olds), "column")
    for name in olds:
        if name in renamed:
            yield f"column {name} must keep its name, got {renamed[name]} in its place"
        elif name not in news:
            yield f"column {name} must stay, it is gone: callers send {sent}"
    for name in news:
        if name not in olds and name not in renamed.values():
            yield f"column {name} must not be added: callers send {sent}, a request with more is refused"
    kept, found = [name for name in olds if name in news], [name for name in news if name in olds]
    for name, other in zip(kept, found, strict=False):
        if name != other:
            yield (
                f"column {name} must stay number {olds.index(name) + 1} of a row's cells, "
                f"got number {news.index(name) + 1}"
            )


def _column(old: FeatureColumn, new: FeatureColumn) -> Iterator[str]:
    if type(old) is not type(new):
        yield f"column {old.name} must stay a {kind_of(old)}, got a {kind_of(new)}"
        return
    if old.missing and not new.missing:
        yield f"column {old.name} must take a missing value, as the champion does"
    if isinstance(old, CategoryColumn) and isinstance(new, CategoryColumn):
        yield from _categories(old, new)


def _categories(old: CategoryColumn, new: CategoryColumn) -> Iterator[str]:
    if new.accepts_unknown:
        return
    if old.accepts_unknown and not _trained_on_one_value(old):
        yield (
            f"column {old.name} must take any category, as the champion does, got a candidate that takes only "
            f"{_listed(new.categories)}"
        )
    elif dropped := [text for text in old.codes if text not in new.codes and (text or not new.missing)]:
        yield (
            f"column {old.name} must take the champion's {_listed(old.categories)}, "
            f"got a candidate that refuses {_listed(dropped)}"
        )


def _trained_on_one_value(column: CategoryColumn) -> bool:
    """Whether training saw at most one value: that others are accepted too is no promise to callers."""
    return len(column.categories) < _SEVERAL


def _output(champion: Contract, candidate: Contract, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """The meaning of a response. The threshold may move: it is the model's own."""
    for name in ("target", "positive_label"):
        before, after = getattr(champion, name), getattr(candidate, name)
        if before != after:
            yield f"{name} must stay {quoted(before)}, got {quoted(after)}"
    for name in sorted(old.keys() | new.keys()):
        if name != "threshold" and old.get(name) != new.get(name):
            before, after = (quoted(output[name]) if name in output else "absent" for output in (old, new))
            yield f"output.{name} must stay {before}, got {after}"


def _notes(old: FeatureColumn, new: FeatureColumn) -> Iterator[str]:
    if isinstance(old, NumberColumn) and isinstance(new, NumberColumn):
        if new.min > old.min or new.max < old.max:
            seen, before = f"{new.min:g} to {new.max:g}", f"{old.min:g} to {old.max:g}"
            unit = " characters" if isinstance(old, TextColumn) else ""
            yield f"column {old.name} was trained on {seen}{unit}, the champion on {before}"
    elif isinstance(old, CategoryColumn) and isinstance(new, CategoryColumn):
        grouped = [text for text in old.codes if text not in new.codes]
        if grouped and new.accepts_unknown:
            yield f"column {old.name}: {_listed(grouped)} now counts as any other category"
        if old.accepts_unknown and not new.accepts_unknown and _trained_on_one_value(old):
            yield f"column {old.name} now takes only {_listed(new.categories)}; the champion saw fewer and takes any"


def _listed(categories: Sequence[str]) -> str:
    several = ", ".join(quoted(text) for text in categories[:_NAMED])
    return several + (f" and {len(categories) - _NAMED} more" if len(categories) > _NAMED else "")
