"""Delete a use case's stage: what runs, its stacks in the order of their dependencies, and what no stack owns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from slipway.errors import LaunchError
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.destruction_actions import (
    Action,
    delete_endpoint_configs,
    delete_log_groups,
    delete_models,
    delete_packages,
    delete_parameters,
    empty_buckets,
    stop_executions,
    stop_pipeline_and_jobs,
)
from slipway.operations.polling import Polling
from slipway.operations.stacks import DATA_TYPES, Stack, delete_stack, find_stack

_ORDER = ("batch", "endpoint", "rollout", "monitoring", "training", "network", "image", "storage")
_STORAGE_ATTEMPTS = 3
"""S3 delivers access logs hours later, into a bucket that was just emptied."""


@dataclass
class Destruction:
    """Each phase reads the account anew: a second run, or one after an interrupt, does what is left."""

    stage: DeployedStage
    polling: Polling = field(default_factory=lambda: Polling(timeout_seconds=3600))

    def planned(self) -> list[str]:
        """What `run` would do now.

        Raises:
            RefusedError: as `run`.
        """
        self._refuse_harm()
        return [action.what for phase in self._phases() for action in phase()]

    def run(self, report: Callable[[str], object]) -> list[str]:
        """Do it, with a `report` before each action; returns what was done.

        Raises:
            RefusedError: something is under way, or a deployed stack retains what the settings do not, or the reverse.
            LaunchError: AWS could not delete something.
        """
        self._refuse_harm()
        done = []
        for phase in self._phases():
            for action in list(phase()):
                report(action.what)
                action.do()
                done.append(action.what)
        return done

    def _phases(self) -> list[Callable[[], Iterator[Action]]]:
        """Each yields nothing if there is nothing left to do."""
        rest = (delete_endpoint_configs, delete_models, delete_parameters, delete_log_groups)
        return [
            partial(stop_executions, self.stage),
            partial(stop_pipeline_and_jobs, self.stage, self.polling),
            *(partial(self._stack, kind) for kind in _ORDER),
            *(partial(actions, self.stage) for actions in rest),
        ]

    @property
    def _keeps_data(self) -> bool:
        return self.stage.settings.keep_data

    def _refuse_harm(self) -> None:
        for kind in _ORDER:
            stack = find_stack(self.stage, kind)
            if stack is None:
                continue
            if stack.status.endswith("_IN_PROGRESS") and stack.status != "DELETE_IN_PROGRESS":
                raise RefusedError(
                    f"stack {stack.name} is {stack.status}: wait for its end, or abort a rollout with "
                    "`slipway rollout abort --reason …`, and run this command again"
                )
            for logical_id, type_, _ in stack.resources:
                retained = logical_id in stack.retained
                if type_ in DATA_TYPES and retained != self._keeps_data:
                    does, setting = ("retains", "false") if retained else ("deletes", "true")
                    raise RefusedError(
                        f"stack {stack.name} {does} {logical_id} ({type_}) when it is deleted, and keep_data is "
                        f"{setting} in the settings: deploy the settings first"
                    )

    def _stack(self, kind: str) -> Iterator[Action]:
        stack = find_stack(self.stage, kind)
        if stack is None:
            return
        if not self._keeps_data and kind == "training":
            yield from delete_packages(self.stage, stack)
        if not self._keeps_data and kind == "storage":
            yield from empty_buckets(self.stage, stack)
        yield Action(f"delete stack {stack.name}", partial(self._delete_stack, kind))

    def _delete_stack(self, kind: str) -> None:
        reason = None
        for _ in range(_STORAGE_ATTEMPTS if kind == "storage" and not self._keeps_data else 1):
            stack: Stack | None = find_stack(self.stage, kind)
            if stack is None:
                return
            if reason:
                for action in empty_buckets(self.stage, stack):
                    action.do()
            if (reason := delete_stack(self.stage, stack, self.polling)) is None:
                return
        name = self.stage.names.stack(kind)
        raise LaunchError(f"stack {name} could not be deleted: {reason}; fix that, and run this command again")
