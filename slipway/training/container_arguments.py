"""The command line the definition gives to `evaluate`."""

from slipway.settings import Settings
from slipway.training.gate_rule import gate_rule
from slipway.training.references import Join, Parameter, Text

MAX_ARGUMENT_LENGTH = 256
MAX_ARGUMENTS = 100

# Each value stays in one piece with its flag: the number -1e-05 is then no flag itself.


def evaluation_arguments(settings: Settings, *, package_group: str, threshold: Parameter | float) -> tuple[Text, ...]:
    """What `evaluate` needs to know about the gate; all of it text where the threshold is a number."""
    gate = settings.gate
    return (
        f"--model-package-group={package_group}",
        f"--metric={settings.metric}",
        *(_limit(f"--{each.argument}=", each.limit) for each in gate_rule(gate, threshold)),
        f"--accuracy-target={gate.accuracy_target or 0.0}",
    )


def _limit(flag: str, limit: Parameter | float) -> Text:
    return f"{flag}{limit}" if isinstance(limit, float) else Join((flag, limit))
