"""Signatures as requests have them, keys that ministack has issued, and the rejection in each protocol."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_actions as _iam_actions
from ministack.core import iam_evaluator as _iam
from ministack.core import responses as _responses
from ministack.core import router as _router
from ministack.core import sigv4 as _sigv4

from rehearsal.cloud.rejected_requests import RejectedRequestError, unknown_key

_ALGORITHM = "AWS4-HMAC-SHA256"
_MOST_EXPIRES = 604_800
Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Claim:
    """The signature of a request: whose, when, for what, and of which headers."""

    access_key_id: str
    session_token: str
    service: str
    region: str
    date_stamp: str
    amz_date: str
    signed_headers: tuple[str, ...]
    signature: str
    expires: str | None
    """X-Amz-Expires of a presigned URL; None for a signature among the headers."""

    @property
    def presigned(self) -> bool:
        return self.expires is not None


def read_claim(headers: Sequence[tuple[str, str]], parameters: Mapping[str, list[str]]) -> Claim:
    """The signature of a request, in its headers or in its query.

    Raises:
        RejectedRequestError: there is none, or a part of it is missing.
    """
    named = dict(headers)
    presigned = "authorization" not in named and "X-Amz-Signature" in parameters
    if not presigned and not named.get("authorization"):
        raise RejectedRequestError("MissingAuthenticationToken", "Request is missing Authentication Token")
    algorithm = _first(parameters, "X-Amz-Algorithm") if presigned else named["authorization"].partition(" ")[0]
    if algorithm != _ALGORITHM:
        raise RejectedRequestError("IncompleteSignature", f"Unsupported AWS 'algorithm': '{algorithm}'. ")
    found = _sigv4.parse_query_signature(parameters) if presigned else _sigv4.parse_header_signature(named)
    if isinstance(found, tuple):
        raise RejectedRequestError(*found)
    token = _first(parameters, "X-Amz-Security-Token") if presigned else named.get("x-amz-security-token", "")
    return Claim(
        access_key_id=found.access_key_id,
        session_token=token,
        service=found.service,
        region=found.region,
        date_stamp=found.date_stamp,
        amz_date=found.amz_date,
        signed_headers=tuple(found.signed_headers.split(";")),
        signature=found.signature,
        expires=_first(parameters, "X-Amz-Expires") if presigned else None,
    )


def too_old_or_early(claim: Claim) -> tuple[str, str] | None:
    """AWS's code and sentence for a request whose time is not now."""
    if claim.expires is None:
        skewed: tuple[str, str] | None = _sigv4.request_time_failure(_parsed(claim))
        return skewed
    if not claim.expires.isdigit() or not 1 <= int(claim.expires) <= _MOST_EXPIRES:
        return "AuthorizationQueryParametersError", "X-Amz-Expires must be a number of seconds, less than a week"
    try:
        expired = _sigv4.presigned_request_is_expired(claim.amz_date, claim.expires)
    except ValueError:
        return (
            "AuthorizationQueryParametersError",
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
        )
    return ("RequestExpired", "Request has expired") if expired else None


def chunks_are_signed(claim: Claim, secret: str, body: bytes) -> bool:
    """Whether each chunk of an upload in signed chunks bears its signature."""
    key = _sigv4.derive_signing_key(secret, claim.date_stamp, claim.region, claim.service)
    return bool(_sigv4._chunk_signatures_match(body, claim.signature, _parsed(claim), key))


def issued_secret(access_key_id: str, session_token: str) -> str:
    """The secret of a key that STS or IAM has issued here.

    Raises:
        RejectedRequestError: they have not, the session has expired, or the token belongs to another key.
    """
    if _iam.is_root_access_key(access_key_id):  # for which ministack takes "test" and account numbers too
        raise unknown_key()
    account = _responses._account_from_sts_session(access_key_id) or _iam.find_iam_access_key_account(access_key_id)
    found = _iam.resolve_credential(access_key_id, account, session_token)
    if isinstance(found, _iam.CredentialResolutionError):
        if found.code == "InvalidToken" and not session_token:
            raise unknown_key()
        raise RejectedRequestError(found.code, found.message)
    return str(found.secret_access_key)


def rejection(
    error: RejectedRequestError, *, method: str, path: str, headers: Mapping[str, str], parameters: Mapping[str, Any]
) -> Response:
    """The error in the words and the protocol of the service."""
    service = _router.detect_service(method, path, dict(headers), dict(parameters))
    status, fields, body = _iam_actions.access_denied_response(
        service, "", "", str(uuid.uuid4()), error_code=error.code, message=error.message, headers=dict(headers)
    )
    _responses.fix_error_content_type(service, status, fields)
    return status, fields, body


def _parsed(claim: Claim) -> Any:
    names = ";".join(claim.signed_headers)
    return _sigv4.HeaderSignature(
        claim.access_key_id, claim.date_stamp, claim.region, claim.service, names, claim.signature, claim.amz_date
    )


def _first(parameters: Mapping[str, list[str]], name: str) -> str:
    return (parameters.get(name) or [""])[0]
