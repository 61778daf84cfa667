"""The command line the definition gives to `evaluate`."""

from collections.abc import Mapping

from slipway.settings import Settings
from slipway.training.gate_rule import gate_rule
from slipway.training.references import Join, Parameter, Text

MAX_ARGUMENT_LENGTH = 256
MAX_ARGUMENTS = 100

# Each value stays in one piece with its flag: the number -1e-05 is then no flag itself.


def evaluation_arguments(
    settings: Settings,
    *,
    package_group: str,
    threshold: Parameter | float | None,
    jobs: Mapping[str, Text] | None = None,
) -> tuple[Text, ...]:
    """What `evaluate` needs to know about the gate; all of it text where the threshold is a number.

    `jobs` are the names of the training jobs that made the models, by the model: `tuned` and `reference`.
    """
    gate = settings.gate
    target = gate.accuracy_target
    return (
        f"--model-package-group={package_group}",
        f"--confidence={gate.confidence}",
        *(_limit(f"--{each.argument}=", each.limit) for each in gate_rule(settings, threshold) if each.argument),
        *([] if target is None else [f"--accuracy-target={target}"]),
        *(Join((f"--{model}-job=", name)) for model, name in (jobs or {}).items()),
    )


def _limit(flag: str, limit: Parameter | float) -> Text:
    return f"{flag}{limit}" if isinstance(limit, float) else Join((flag, limit))
