"""Every physical name the user, the stacks and the laptop engine must agree on."""

from dataclasses import dataclass

VARIANT = "primary"
"""The one production variant; guardrails need the same name in the old and the new config."""

STACK_KINDS = ("storage", "image", "training", "endpoint", "rollout", "monitoring")
"""The stacks of one use case and stage, in the order of their dependencies."""


@dataclass(frozen=True)
class Names:
    use_case: str
    stage: str

    @property
    def prefix(self) -> str:
        return f"{self.use_case}-{self.stage}"

    def stack(self, kind: str) -> str:
        if kind not in STACK_KINDS:
            raise ValueError(f"kind must be one of {', '.join(STACK_KINDS)}, got {kind}")
        return f"{self.prefix}-{kind}"

    @property
    def pipeline(self) -> str:
        return self.prefix

    @property
    def package_group(self) -> str:
        return self.prefix

    @property
    def endpoint(self) -> str:
        return self.prefix

    @property
    def image_repository(self) -> str:
        return f"{self.prefix}-steps"

    @property
    def state_machine(self) -> str:
        return f"{self.prefix}-rollout"

    @property
    def starter_role(self) -> str:
        return f"{self.prefix}-starter"

    @property
    def hold_parameter(self) -> str:
        """In SSM: `go`, `hold`, or `abort` and the model package to refuse."""
        return f"/slipway/{self.prefix}/rollouts"

    @property
    def audit_prefix(self) -> str:
        """Where in the artifacts bucket the endpoint's audit entries lie."""
        return f"audit/{self.endpoint}/"
