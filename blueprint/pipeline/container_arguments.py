"""The command lines the definition gives to the image's verbs, within SageMaker's limits."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from blueprint.errors import InputError
from blueprint.pipeline.references import Join, Parameter, Text
from blueprint.settings import ColumnKind, Settings

MAX_ARGUMENT_LENGTH = 256
MAX_ARGUMENTS = 100

# Each value stays in one piece with its flag: a column named "-x" or the number -1e-05 is then no flag itself.


def schema_arguments(settings: Settings) -> tuple[str, ...]:
    """What `prepare` and `check` need to know about the table.

    Raises:
        InputError: the columns do not fit into a processing job's arguments.
    """
    data = settings.data
    arguments = (
        f"--target={data.target}",
        f"--positive-label={data.positive_label}",
        *_column_flags(data.columns.items()),
        f"--validation-percent={data.validation_percent}",
        f"--test-percent={data.test_percent}",
        f"--seed={data.seed}",
    )
    if len(arguments) > MAX_ARGUMENTS:
        raise InputError(
            f"data.columns must fit in {MAX_ARGUMENTS} container arguments of {MAX_ARGUMENT_LENGTH} characters, "
            f"got {len(data.columns)} columns that take {len(arguments)}: keep columns of one kind together"
        )
    return arguments


def evaluation_arguments(settings: Settings, *, package_group: str, threshold: Parameter | float) -> tuple[Text, ...]:
    """What `evaluate` needs to know about the gate and the money; all of it text where the threshold is a number."""
    gate, value = settings.gate, settings.value
    return (
        f"--model-package-group={package_group}",
        f"--metric={gate.metric}",
        f"--threshold={threshold}" if isinstance(threshold, float) else Join(("--threshold=", threshold)),
        f"--min-gain-over-baseline={gate.min_gain_over_baseline}",
        f"--max-loss-to-champion={gate.max_loss_to_champion}",
        f"--max-gap={gate.max_train_validation_gap}",
        f"--accuracy-aim={gate.accuracy_aim}",
        f"--currency={value.currency}",
        f"--value-tp={value.true_positive}",
        f"--value-fp={value.false_positive}",
        f"--value-tn={value.true_negative}",
        f"--value-fn={value.false_negative}",
    )


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
