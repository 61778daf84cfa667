"""The names of a rollout's steps."""

from slipway.rollout.steps import RolloutStep


def steps_page() -> str:
    """A line for each step, in the order of a rollout."""
    return "\n".join(f"- {step.value}" for step in RolloutStep)
