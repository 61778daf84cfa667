"""A model package as far as its rollout needs it, and the smoke test of its model on the live endpoint."""

from slipway.rollout.steps import RolloutStep

from .function_calls import FunctionError, error_name, invoke
from .run import Run, State

_WANTED = ("InferenceSpecification", "ModelMetrics", "CustomerMetadataProperties")


def described(package: State) -> State:
    """What is needed of a package's description, without the times that JSON does not know."""
    return {name: package[name] for name in _WANTED if name in package}


def smoke_test(run: Run, package: State, *, variant: str = "") -> State:
    """Whether the endpoint, or one variant of it, responds as the package promises.

    Returns:
        passed, ran (False where the test says nothing about the model; versions before do not say it) and the reason.
    """
    container = package["InferenceSpecification"]["Containers"][0]
    payload = {"EndpointName": run.target.endpoint, "Container": container}
    if variant:
        payload["TargetVariant"] = variant
    if profile := package.get("ModelMetrics", {}).get("ModelDataQuality"):
        payload["Profile"] = profile["Statistics"]["S3Uri"]

    def test() -> State:
        try:
            return invoke(run, run.target.smoke_test, payload)
        except FunctionError as exc:
            return {"passed": False, "ran": False, "reason": f"its function failed by {error_name(exc)}"}

    return run.steps.do(RolloutStep.SMOKE_TEST, test)
