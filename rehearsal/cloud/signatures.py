"""SigV4 signatures of requests, verified with botocore's own signer."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from botocore.auth import UNSIGNED_PAYLOAD, SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

from rehearsal.cloud.ministack.signature_claims import Claim, chunks_are_signed, read_claim, too_old_or_early
from rehearsal.cloud.rejected_requests import RejectedRequestError

SecretOf = Callable[[str, str], str]
"""The secret of an access key, by its id and the session token sent with it; raises RefusedError."""

_CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_UNSIGNED = (UNSIGNED_PAYLOAD, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class SignedRequest:
    """A request as it came: nothing in it is decoded. Names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        return ",".join(value for known, value in self.headers if known == name)

    @property
    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(self.query, keep_blank_values=True)


class Signatures:
    """Verifies that the signer has the secret, and not only the id, of an access key."""

    def __init__(self, secret_of: SecretOf) -> None:
        self._secret_of = secret_of

    def claim(self, request: SignedRequest) -> tuple[Claim, str]:
        """The signature and its key's secret: what can be checked before the body has come.

        Raises:
            RejectedRequestError: no signature, an unknown key, or another time.
        """
        claim = read_claim(request.headers, request.parameters)
        if unsigned := sorted(_must_be_signed(request) - set(claim.signed_headers)):
            raise RejectedRequestError(
                "SignatureDoesNotMatch", f"{', '.join(unsigned)} must be among the SignedHeaders. "
            )
        if failure := too_old_or_early(claim):
            raise RejectedRequestError(*failure)
        if claim.amz_date[:8] != claim.date_stamp:
            raise RejectedRequestError("CredentialDateMismatch", "Date in Credential scope is not the request's own. ")
        return claim, self._secret_of(claim.access_key_id, claim.session_token)

    def verify(self, request: SignedRequest, claim: Claim, secret: str, body: bytes) -> None:
        """See that the owner of `secret` has signed this request with this body.

        Raises:
            RejectedRequestError: another key has, or something was changed.
        """
        payload = _payload_sha256(request, claim, body)
        signature = _signature(request, claim, secret, payload)
        if not hmac.compare_digest(signature, claim.signature):
            raise RejectedRequestError("SignatureDoesNotMatch", _MISMATCH)
        if payload.startswith(_CHUNKED) and not chunks_are_signed(claim, secret, body):
            raise RejectedRequestError("SignatureDoesNotMatch", _MISMATCH)


def _must_be_signed(request: SignedRequest) -> set[str]:
    """What would change the meaning of a request, or take it elsewhere."""
    return {"host"} | {name for name, _ in request.headers if name.startswith("x-amz-")}


def _payload_sha256(request: SignedRequest, claim: Claim, body: bytes) -> str:
    """What stands for the body in the signature; a hash that was sent must be the body's."""
    known, sent = hashlib.sha256(body).hexdigest(), request.header("x-amz-content-sha256")
    if claim.service == "s3":
        if claim.presigned and not sent:
            return str(UNSIGNED_PAYLOAD)
        if sent in _UNSIGNED or sent.startswith(_CHUNKED):
            return sent
    if sent and sent != known:
        code = "XAmzContentSHA256Mismatch" if claim.service == "s3" else "SignatureDoesNotMatch"
        raise RejectedRequestError(code, "The provided 'x-amz-content-sha256' header does not match what was computed.")
    return known


def _signature(request: SignedRequest, claim: Claim, secret: str, payload: str) -> str:
    headers = HTTPHeaders()
    for name, value in request.headers:
        if name in claim.signed_headers:
            headers[name] = value
    query = "&".join(part for part in request.query.split("&") if not part.startswith("X-Amz-Signature="))
    # The host is among the headers; that of the URL is not read.
    url = f"http://host{request.path}" + (f"?{query}" if query else "")
    signed = AWSRequest(method=request.method, url=url, headers=headers)
    signed.context |= {"timestamp": claim.amz_date, "payload_sha256": payload}
    kind = _S3Signer if claim.service == "s3" else _Signer
    signer = kind(Credentials(claim.access_key_id, secret), claim.service, claim.region)
    text = signer.string_to_sign(signed, signer.canonical_request(signed))
    return str(signer.signature(text, signed))


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """Signs exactly the headers that the caller has signed."""

    def headers_to_sign(self, request: AWSRequest) -> Any:
        return request.headers

    def payload(self, request: AWSRequest) -> Any:
        return request.context["payload_sha256"]


class _S3Signer(_Signer):
    """S3 alone takes the path as it is."""

    def _normalize_url_path(self, path: str) -> str:
        return path
