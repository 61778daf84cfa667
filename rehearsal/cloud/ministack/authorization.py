"""What a request to ministack would be to IAM: its action, its resources, its condition keys."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ministack import app as _app
from ministack.core import iam_actions as _iam_actions
from ministack.core import router as _router

from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.ministack.athena import PRIMARY, workgroup_of
from rehearsal.cloud.ministack.durable_executions import durable_call

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class AuthorizedRequest:
    """`path` is decoded, `headers` have names in lower case; of an S3 request the body is not needed."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def target(self) -> str:
        """The operation of a request in JSON, after its service."""
        return self.headers.get("x-amz-target", "")

    def json(self) -> dict[str, Any]:
        """The body as an object; empty where it is none."""
        try:
            found = json.loads(self.plain_body())
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def plain_body(self) -> bytes:
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body


@dataclass(frozen=True)
class RequiredAction:
    action: str
    resource: str
    context: Mapping[str, str]


def required_actions(request: AuthorizedRequest) -> Iterator[RequiredAction]:
    """The checks that AWS would make; none where the action is not known."""
    if durable := durable_call(request.method, request.path):
        yield RequiredAction(*durable, {})
        return
    headers, query = dict(request.headers), parse_qs(request.query, keep_blank_values=True)
    body = request.plain_body() if not _is_s3(request) else b""
    parameters = _app._routing_params(request.method, request.path, headers, body, query)
    service = _router.detect_service(request.method, request.path, headers, parameters)
    action = _iam_actions.extract_iam_action(service, request.method, request.path, headers, body, parameters)
    if action is None:
        return
    resource = _iam_actions.extract_resource_arn(
        service, request.method, request.path, headers, body, parameters, REGION, ACCOUNT
    )
    if action.startswith("codebuild:BatchGet"):
        # A build's id begins with its project's name, which is what IAM goes by.
        for each in request.json().get("ids", ()):
            yield RequiredAction(
                action, f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{str(each).partition(':')[0]}", {}
            )
        return
    if service == "athena":
        resource = _athena_resource(request.json())
    yield RequiredAction(action, resource, _context(action, request))
    if service == "s3":
        for more, arn in _iam_actions.s3_additional_checks(request.method, request.path, headers, body, parameters):
            yield RequiredAction(more, arn, {})


def _athena_resource(request: Mapping[str, Any]) -> str:
    """The workgroup, which a request may leave out, or name by one of its queries."""
    query = request.get("QueryExecutionId")
    name = workgroup_of(str(query)) if query else request.get("WorkGroup", PRIMARY)
    return f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{name}"


def _is_s3(request: AuthorizedRequest) -> bool:
    return "/s3/aws4_request" in request.headers.get("authorization", "")


def _context(action: str, request: AuthorizedRequest) -> dict[str, str]:
    if action == "cloudwatch:PutMetricData":
        form = parse_qs(request.plain_body().decode(errors="replace")) if _FORM in _type(request) else {}
        namespace = form.get("Namespace", [request.json().get("Namespace", "")])[0]
        return {"cloudwatch:namespace": str(namespace)}
    if action == "s3:ListBucket":
        return {"s3:prefix": parse_qs(request.query, keep_blank_values=True).get("prefix", [""])[0]}
    if action == "s3:PutObject":
        is_part = "partNumber=" in request.query or request.query.startswith("uploads")
        condition = request.headers.get("if-none-match")
        found = {"s3:ObjectCreationOperation": str(not is_part).lower()}
        return found | ({"s3:if-none-match": condition} if condition else {})
    return {}


def _type(request: AuthorizedRequest) -> str:
    return request.headers.get("content-type", "")
