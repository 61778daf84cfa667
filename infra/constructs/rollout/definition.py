"""The rollout's states, put together."""

from dataclasses import dataclass
from typing import Any

from infra.constructs.rollout.look import look_states
from infra.constructs.rollout.put_back import put_back_states
from infra.constructs.rollout.turn import turn_states
from infra.constructs.rollout.update import update_states

TIMEOUT_SECONDS = 2 * 24 * 3600
"""Two rollouts of the longest kind (8 hours each, and back again) fit in, and the wait for those before them."""


@dataclass(frozen=True)
class RolloutTarget:
    """What the state machine acts on; the ARNs may be CDK tokens."""

    endpoint: str
    stack: str
    state_machine_arn: str
    smoke_test_arn: str
    topic_arn: str


def rollout_definition(target: RolloutTarget) -> dict[str, Any]:
    """The state machine; its input is `{"ModelPackageArn": …}`.

    Its promises: one rollout at a time, in order of approval; success only if the endpoint really serves the
    package; otherwise the package is rejected with the reason, the stack is told what is really live, and the
    execution fails. It holds whether CloudFormation reports a rolled back endpoint as success or as failure.
    """
    return {
        "Comment": "Brings an approved model package live through its endpoint stack, or puts everything back",
        "StartAt": "Settle",
        "TimeoutSeconds": TIMEOUT_SECONDS,
        "States": {
            **turn_states(target.state_machine_arn),
            **look_states(target.endpoint),
            **update_states(
                endpoint=target.endpoint,
                stack=target.stack,
                smoke_test_arn=target.smoke_test_arn,
                topic_arn=target.topic_arn,
            ),
            **put_back_states(endpoint=target.endpoint, stack=target.stack, topic_arn=target.topic_arn),
        },
    }
