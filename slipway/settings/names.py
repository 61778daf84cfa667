"""Every physical name the user, the stacks and the laptop engine must agree on."""

from dataclasses import dataclass

VARIANT = "primary"
"""The one production variant; guardrails need the same name in the old and the new config."""

COST_TAG = "slipway-use-case"
"""Tag of all that costs money for a use case and stage; its value is `Names.prefix`.

Without a colon: Budgets writes a tag as `user:<key>$<value>`.
"""

STACK_KINDS = ("storage", "image", "training", "endpoint", "rollout", "monitoring")
"""The stacks of one use case and stage, in the order of their dependencies."""

OPTIONAL_STACK_KINDS = ("network", "batch")
"""Those that settings may ask for."""


@dataclass(frozen=True)
class Names:
    use_case: str
    stage: str

    @property
    def prefix(self) -> str:
        return f"{self.use_case}-{self.stage}"

    def stack(self, kind: str) -> str:
        if kind not in (known := (*STACK_KINDS, *OPTIONAL_STACK_KINDS)):
            raise ValueError(f"kind must be one of {', '.join(known)}, got {kind}")
        return f"{self.prefix}-{kind}"

    @property
    def pipeline(self) -> str:
        return self.prefix

    @property
    def batch_pipeline(self) -> str:
        """Scores files."""
        return f"{self.prefix}-batch"

    @property
    def batch_query_machine(self) -> str:
        """Runs the query of a batch, and starts `batch_pipeline` with its rows."""
        return f"{self.prefix}-batch-query"

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
    def rollout_function(self) -> str:
        return f"{self.prefix}-rollout"

    @property
    def schedule_function(self) -> str:
        """Stops and starts the endpoint by its timetable."""
        return f"{self.prefix}-schedule"

    @property
    def experiment_function(self) -> str:
        """Starts and ends experiments on the endpoint, and moves its weights."""
        return f"{self.prefix}-experiment"

    @property
    def experiment_prefix(self) -> str:
        """In the artifacts bucket: what experiments on the endpoint have shown."""
        return f"experiments/{self.endpoint}/"

    @property
    def queue_key(self) -> str:
        """In the artifacts bucket: who waits for the lock of the endpoint, and who holds it."""
        return f"rollouts/{self.endpoint}/queue.json"

    @property
    def retraining_machine(self) -> str:
        return f"{self.prefix}-retraining"

    @property
    def starter_role(self) -> str:
        return f"{self.prefix}-starter"

    @property
    def smoke_test(self) -> str:
        """The function that sends the endpoint a row, after a rollout and after a deployment."""
        return f"{self.prefix}-smoke-test"

    @property
    def pause_parameter(self) -> str:
        """In SSM: `go`, `hold`, or `abort` and the model package to refuse."""
        return f"/slipway/{self.prefix}/rollouts"

    @property
    def stopped_parameter(self) -> str:
        """In SSM: the model package that served when the schedule stopped the endpoint, else `none`."""
        return f"/slipway/{self.prefix}/stopped"

    @property
    def monitoring_schedule(self) -> str:
        return f"{self.prefix}-monitor"

    @property
    def monitor_parameter(self) -> str:
        """In SSM: the monitoring job's definition, for runs outside of its schedule."""
        return f"/slipway/{self.prefix}/monitor"

    @property
    def audit_prefix(self) -> str:
        """Where in the artifacts bucket the endpoint's audit entries lie."""
        return f"audit/{self.endpoint}/"
