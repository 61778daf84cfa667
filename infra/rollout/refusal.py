"""Refused before any user met it: the package is rejected with the reason, and nothing was updated."""

from infra.rollout.put_back import rejection
from infra.rollout.states import States
from infra.rollout.update import publish

REFUSED = "RejectRefused"


def refusal_states(*, endpoint: str, topic_arn: str, recorded: str) -> States:
    """From `RejectRefused`, with `$.failure`, to the failure `Refused`; `recorded` goes on to `TellRefused`."""
    return {
        **rejection(REFUSED, briefly="RejectRefusedBriefly", then=recorded),
        "TellRefused": publish(
            topic_arn,
            f"{endpoint}: refused",
            f"States.Format('{{}} was refused for endpoint {endpoint} before any user met it: {{}}', "
            "$.ModelPackageArn, $.failure.reason)",
            then="Refused",
        ),
        "Refused": {"Type": "Fail", "Error": "Refused", "CausePath": "$.failure.reason"},
    }
