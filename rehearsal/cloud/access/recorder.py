"""Everything that records what roles do, assembled for the process."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from rehearsal.cloud.access.access_report import AccessReport
from rehearsal.cloud.access.calls import Call, CallLog
from rehearsal.cloud.access.identities import Identities
from rehearsal.cloud.access.request_reader import RequestReader
from rehearsal.cloud.access.role_endpoints import RoleEndpoints, RoleS3Objects
from rehearsal.cloud.access.role_jobs import RoleJobs
from rehearsal.cloud.access.role_services import RoleServices
from rehearsal.cloud.clients import Clients
from rehearsal.cloud.ministack.asgi_server import Receive, Scope
from rehearsal.cloud.ministack.principals import acting_role, assumed_role
from rehearsal.cloud.s3_objects import S3Objects
from rehearsal.cloud.sagemaker.api_errors import ApiError
from rehearsal.cloud.sagemaker.ports import EndpointFleets, JobRunner

CallApi = Callable[[str, dict[str, Any]], Mapping[str, Any]]
"""The control plane's own API: operation and request."""


class AccessRecorder:
    """Attributes: artifacts: objects of the fleets, as the roles of their models."""

    def __init__(self, clients: Clients, call_api: CallApi) -> None:
        self._clients, self._call_api = clients, call_api
        self._ledger = CallLog()
        self._identities = Identities(clients.endpoint_url, assumed_role)
        self._watch = RequestReader(self._identities, self._ledger, self._tags)
        self.artifacts = RoleS3Objects(self._artifacts_of)

    def install(self) -> None:
        """Give functions and state machines their own credentials."""
        RoleServices(self._identities, self._ledger).install()

    def jobs(self, make: Callable[[Any, Mapping[str, str]], JobRunner]) -> RoleJobs:
        """`make` takes an S3 client and the environment that a container reaches AWS by."""

        def runner_of(role_arn: str) -> JobRunner:
            return make(self._identities.clients(role_arn)("s3"), self._identities.environment(role_arn))

        return RoleJobs(runner_of, self._ledger)

    def fleets(self, fleets: EndpointFleets) -> RoleEndpoints:
        def model_of(name: str) -> Mapping[str, Any]:
            return self._call_api("DescribeModel", {"ModelName": name})

        return RoleEndpoints(fleets, self.artifacts, self._ledger, model_of)

    def clients_of_pipeline(self, name: str) -> Clients:
        return self._identities.clients(self._call_api("DescribePipeline", {"PipelineName": name})["RoleArn"])

    def client(self, service: str) -> Any:
        """A client for a task of a state machine, which acts as the machine's role."""
        role = acting_role()
        return (self._identities.clients(role) if role else self._clients)(service)

    def caller(self, authorization: str) -> tuple[Callable[[str], Any], Callable[[Iterable[Call]], None]]:
        """The clients of the role that signed with this header, and what notes the calls that AWS makes for it."""
        role = self._identities.role_of([(b"authorization", authorization.encode("latin-1"))])
        if role is None:
            return self._clients, lambda _: None
        return self._identities.clients(role), partial(self._ledger.note, role)

    def secret_of(self, access_key_id: str) -> str | None:
        return self._identities.secret_of(access_key_id)

    def over(self, scope: Scope, receive: Receive) -> Receive:
        return self._watch.over(scope, receive)

    def note_invocation(self, scope: Scope, endpoint: str, *, operation: str) -> None:
        self._watch.note_invocation(scope, endpoint, operation=operation)

    def report(self) -> dict[str, Any]:
        return AccessReport(self._clients, self._ledger).rows()

    def _artifacts_of(self, role_arn: str | None) -> S3Objects:
        return S3Objects(self._identities.clients(role_arn) if role_arn else self._clients)

    def _tags(self, arn: str) -> Mapping[str, str]:
        try:
            found = self._call_api("ListTags", {"ResourceArn": arn})["Tags"]
        except ApiError:  # there is no such thing, or not yet
            return {}
        return {tag["Key"]: tag["Value"] for tag in found}
