"""What the endpoint really serves: the model behind the endpoint config in use.

SageMaker rolls back silently, so neither the stack's status nor its parameter shows it.
"""

from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.rollout.steps import RolloutStep

from .run import Run, State

BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")
_POLL_SECONDS = 15


@dataclass(frozen=True)
class Live:
    """The package, config and model that serve, each empty where nothing does; and the shadow's package and model."""

    package: str = ""
    config: str = ""
    model: str = ""
    shadow: str = ""
    shadow_model: str = ""


@dataclass(frozen=True)
class ObservedEndpoint:
    """`failure` is why SageMaker last rolled back or failed, or empty."""

    status: str
    failure: str
    live: Live

    @property
    def is_busy(self) -> bool:
        return self.status in BUSY


def read_settled(run: Run) -> ObservedEndpoint:
    """Wait until nothing happens to the endpoint, and read it."""

    def pause(state: State) -> float | None:
        return _POLL_SECONDS if state["status"] in BUSY else None

    return _state(run.steps.poll(RolloutStep.READ_ENDPOINT, lambda _: _read(run), {}, pause))


def read_now(run: Run) -> ObservedEndpoint:
    return _state(run.steps.do(RolloutStep.READ_ENDPOINT, lambda: _read(run)))


def is_missing(error: ClientError, what: str) -> bool:
    return f"Could not find {what}" in error.response["Error"].get("Message", "")


def _state(found: dict[str, Any]) -> ObservedEndpoint:
    return ObservedEndpoint(found["status"], found["failure"], Live(**found["live"]))


def _read(run: Run) -> dict[str, Any]:
    sagemaker, endpoint = run.client("sagemaker"), describe(run)
    status = endpoint["EndpointStatus"]
    live = _live(sagemaker, endpoint["EndpointConfigName"]) if status == "InService" else Live()
    return {"status": status, "failure": endpoint.get("FailureReason", ""), "live": asdict(live)}


def describe(run: Run) -> dict[str, Any]:
    """The endpoint; its status is `absent` where there is none."""
    try:
        found: dict[str, Any] = run.client("sagemaker").describe_endpoint(EndpointName=run.target.endpoint)
    except ClientError as exc:
        if not is_missing(exc, "endpoint"):
            raise
        return {"EndpointStatus": "absent"}
    return found


def _live(sagemaker: Any, config: str) -> Live:
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    name = described["ProductionVariants"][0]["ModelName"]
    package = package_of(sagemaker, name)
    if not package:
        return Live()
    shadow = next((each["ModelName"] for each in described.get("ShadowProductionVariants", ())), "")
    return Live(package, config, name, package_of(sagemaker, shadow) if shadow else "", shadow)


def package_of(sagemaker: Any, name: str) -> str:
    model = sagemaker.describe_model(ModelName=name)
    # A model with one container is described in either of two ways.
    containers = [*model.get("Containers", ())[:1], model.get("PrimaryContainer") or {}]
    return next((each["ModelPackageName"] for each in containers if "ModelPackageName" in each), "")
