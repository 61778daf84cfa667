"""The command lines the definition gives to the image's verbs, within SageMaker's limits."""

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from slipway.errors import InputError
from slipway.settings import ColumnKind, Settings
from slipway.training.gate_rule import gate_rule
from slipway.training.references import Join, Parameter, Text

MAX_ARGUMENT_LENGTH = 256
MAX_ARGUMENTS = 100

# Each value stays in one piece with its flag: a column named "-x" or the number -1e-05 is then no flag itself.


def schema_arguments(settings: Settings) -> tuple[str, ...]:
    """What `prepare` and `check` need to know about the table.

    Raises:
        InputError: the columns do not fit into a processing job's arguments.
    """
    data = settings.data
    table = (f"--target={data.target}", f"--positive-label={data.positive_label}")
    split = (
        f"--validation-percent={data.validation_percent}",
        f"--test-percent={data.test_percent}",
        f"--seed={data.seed}",
    )
    room = MAX_ARGUMENTS - len(table) - len(split)
    columns = list(_column_flags(data.columns.items()))
    if len(columns) > room:
        columns = _cut_columns(data.columns.items(), room)
    return (*table, *columns, *split)


def evaluation_arguments(settings: Settings, *, package_group: str, threshold: Parameter | float) -> tuple[Text, ...]:
    """What `evaluate` needs to know about the gate and the money; all of it text where the threshold is a number."""
    gate, value = settings.gate, settings.value
    return (
        f"--model-package-group={package_group}",
        f"--metric={gate.metric}",
        *(_limit(f"--{each.argument}=", each.limit) for each in gate_rule(gate, threshold)),
        f"--accuracy-target={gate.accuracy_target}",
        f"--currency={value.currency}",
        f"--value-tp={value.true_positive}",
        f"--value-fp={value.false_positive}",
        f"--value-tn={value.true_negative}",
        f"--value-fn={value.false_negative}",
    )


def _limit(flag: str, limit: Parameter | float) -> Text:
    return f"{flag}{limit}" if isinstance(limit, float) else Join((flag, limit))


def _column_flags(columns: Iterable[tuple[str, ColumnKind]]) -> Iterator[str]:
    """`--kind=A,B,C` a run of columns of one kind, in their order, no argument above the limit."""
    for kind, run in groupby(columns, key=itemgetter(1)):
        chunk = ""
        for name, _ in run:
            longer = f"{chunk},{name}" if chunk else f"--{kind}={name}"
            if len(longer) > MAX_ARGUMENT_LENGTH:
                yield chunk
                longer = f"--{kind}={name}"
            chunk = longer
        yield chunk


def _cut_columns(columns: Collection[tuple[str, ColumnKind]], room: int) -> list[str]:
    """`--columns=nA,nB,cC,…` the first letter of each kind before the name, cut wherever an argument is full."""
    flag = "--columns="
    text, length = ",".join(kind[0] + name for name, kind in columns), MAX_ARGUMENT_LENGTH - len(flag)
    if (beyond := len(text) - room * length) > 0:
        raise InputError(
            f"data.columns must fit in {room} container arguments of {MAX_ARGUMENT_LENGTH} characters, got "
            f"{len(columns)} columns with {len(text)} characters: shorten their names by {beyond} characters in all, "
            "or leave columns out"
        )
    return [flag + text[start : start + length] for start in range(0, len(text), length)]
