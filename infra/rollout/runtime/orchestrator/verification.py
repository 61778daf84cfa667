"""After the update: whether the endpoint really serves the candidate, and may."""

from slipway.rollout.failure_causes import is_candidates

from . import live, stack
from .candidate import smoke_test
from .live import Live
from .run import Failure, Run, State
from .watch import Watched


def verify(run: Run, package: State, *, previous: Live, watched: Watched | None) -> None:
    """The live config must be the requested one, and answer.

    Raises:
        Failure: it is not, must not be, or does not.
    """
    now = live.read_settled(run)
    if now.live.package != run.request.package:
        raise _explain(run, now, watched)
    if watched and run.target.canary_analysis and previous.config:
        # An alarm can come too late, and the analysis can be out of order.
        if watched.is_against:
            raise watched.failure(watched.explanation)
        if not watched.settled and not run.target.proceeds:
            raise Failure(f"it serves without having been compared: {watched.explanation}")
    response = smoke_test(run, package)
    if not response.get("ran", True):  # which a function of an earlier version does not say
        raise Failure(f"the smoke test could not be run: {response['reason']}", is_candidates=False)
    if not response["passed"]:
        raise Failure(f"the smoke test failed: {response['reason']}")


def _explain(run: Run, now: live.ObservedEndpoint, watched: Watched | None) -> Failure:
    """Why the candidate does not serve, short enough for a package's approval description."""
    if watched and watched.is_against:
        sentence = f"{watched.explanation}; {now.failure}" if now.failure else watched.explanation
        return watched.failure(sentence)
    if now.failure:
        return _by_cause(f"the endpoint did not take the model: {now.failure}")
    status, reason = (watched.stack["status"], watched.stack["reason"]) if watched else ("without an update", "")
    if reason := stack.failed_resource(run) or reason:
        return _by_cause(f"the stack did not take the model: {reason}")
    return Failure(
        f"the model is not live: endpoint {run.target.endpoint} is {now.status} after its stack ended {status}; "
        f"see the events of stack {run.target.stack}"
    )


def _by_cause(reason: str) -> Failure:
    return Failure(reason, is_candidates=is_candidates(reason))
