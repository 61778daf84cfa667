"""Where Slipway cannot start a model's server itself, champion and candidate serve a replay as two variants.

They are an endpoint of their own, which no user invokes and which is deleted after the gates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.rollout.failure_causes import is_candidates
from slipway.rollout.steps import RolloutStep

from .run import Rejection, Run, State

POLL_SECONDS = 30
CHAMPION, CANDIDATE = "champion", "candidate"
_EXISTS, _UNKNOWN = "already existing", "Could not find"
"""In what SageMaker says of a name that is taken, and of one that is not there."""


@dataclass(frozen=True)
class ReplayServers:
    """The endpoint `name`; `packages` are those of its variants, by their names."""

    run: Run
    name: str
    packages: dict[str, str]

    @property
    def _settings(self) -> dict[str, Any]:
        found: dict[str, Any] = self.run.target.gate_job["servers"]
        return found

    def start(self) -> str:
        """Start both, and wait until they serve; returns the endpoint's name.

        Raises:
            CallError: AWS refused a call.
            Rejection: a server does not start.
        """
        self.run.steps.do(RolloutStep.START_SERVERS, self._create)
        found = self.run.steps.poll(RolloutStep.SERVERS, lambda _: self._describe(), {}, _pause)
        if found["status"] == "InService":
            return self.name
        reason = f"the servers for the replay must start: {found['failure'] or found['status']}"
        # Its own server has served users: what ails it here is not the candidate's.
        by_champion = f"variant {CHAMPION}" in reason
        raise Rejection(reason, by="replay", is_candidates=is_candidates(reason) and not by_champion)

    def stop(self) -> None:
        """Delete all of it, as far as it is there."""
        self.run.steps.do(RolloutStep.DELETE_SERVERS, self._delete)

    def _create(self) -> bool:
        sagemaker, settings = self.run.client("sagemaker"), self._settings
        network = {"VpcConfig": settings["vpc_config"]} if settings["vpc_config"] else {}
        for variant, package in self.packages.items():
            _unless(
                _EXISTS,
                lambda variant=variant, package=package: sagemaker.create_model(  # type: ignore[misc]
                    ModelName=self._model(variant),
                    Containers=[{"ModelPackageName": package}],
                    ExecutionRoleArn=settings["role_arn"],
                    EnableNetworkIsolation=True,
                    Tags=settings["tags"],
                    **network,
                ),
            )
        _unless(_EXISTS, lambda: sagemaker.create_endpoint_config(**self._config()))
        _unless(
            _EXISTS,
            lambda: sagemaker.create_endpoint(
                EndpointName=self.name, EndpointConfigName=self.name, Tags=settings["tags"]
            ),
        )
        return True

    def _config(self) -> dict[str, Any]:
        settings = self._settings
        variants = [
            {
                "VariantName": variant,
                "ModelName": self._model(variant),
                "InstanceType": settings["instance_type"],
                "InitialInstanceCount": 1,
                "InitialVariantWeight": 1.0,
            }
            for variant in self.packages
        ]
        return {
            "EndpointConfigName": self.name,
            "ProductionVariants": variants,
            "Tags": settings["tags"],
            **settings["volume_key"],
        }

    def _model(self, variant: str) -> str:
        return f"{self.name}-{list(self.packages).index(variant)}"

    def _describe(self) -> State:
        found = self.run.client("sagemaker").describe_endpoint(EndpointName=self.name)
        return {"status": found["EndpointStatus"], "failure": found.get("FailureReason", "")}

    def _delete(self) -> bool:
        sagemaker = self.run.client("sagemaker")
        _unless(_UNKNOWN, lambda: sagemaker.delete_endpoint(EndpointName=self.name))
        _unless(_UNKNOWN, lambda: sagemaker.delete_endpoint_config(EndpointConfigName=self.name))
        for variant in self.packages:
            _unless(_UNKNOWN, lambda variant=variant: sagemaker.delete_model(ModelName=self._model(variant)))  # type: ignore[misc]
        return True


def _pause(state: State) -> float | None:
    return POLL_SECONDS if state["status"] in ("Creating", "Updating", "SystemUpdating") else None


def _unless(said: str, call: Callable[[], Any]) -> None:
    """Call, and take it for done where SageMaker says that it was."""
    try:
        call()
    except ClientError as exc:
        if said not in str(exc):
            raise
